/* Exceptions: taken, raised again, and made of what a caller gave. */

#include "native.h"

/* Take the raised exception, with its traceback in it. */
PyObject *
raised(void)
{
#if PY_VERSION_HEX >= 0x030C0000
    return PyErr_GetRaisedException();
#else
    PyObject *type, *exception, *traceback;
    PyErr_Fetch(&type, &exception, &traceback);
    PyErr_NormalizeException(&type, &exception, &traceback);
    if (traceback) {
        PyException_SetTraceback(exception, traceback);
    }
    Py_XDECREF(type);
    Py_XDECREF(traceback);
    return exception;
#endif
}

/* Raise EXCEPTION with no traceback but TRACEBACK (NULL: none), so that it does not grow from
   use to use.  Its __context__ stays: what the reader happens to handle is not why it failed. */
void
raise_again(PyObject *exception, PyObject *traceback)
{
    Py_INCREF(exception); /* before its last traceback goes: that runs code */
    Py_XINCREF(traceback);
    PyException_SetTraceback(exception, traceback ? traceback : Py_None);
#if PY_VERSION_HEX >= 0x030C0000
    PyErr_SetRaisedException(exception);
    Py_XDECREF(traceback);
#else
    PyErr_Restore(Py_NewRef(Py_TYPE(exception)), exception, traceback);
#endif
}

/* Raise again what was taken by raised(), which may be NULL; steals it. */
void
raise_back(PyObject *exception)
{
    if (exception) {
        raise_again(exception, ((PyBaseExceptionObject *)exception)->traceback);
        Py_DECREF(exception);
    }
}

/* Close BODY where an exception has nowhere to go but to the log. */
void
close_quietly(State *state, PyObject *body)
{
    PyObject *closed = PyObject_CallMethodNoArgs(body, state->str_close);
    if (!closed) {
        PyErr_WriteUnraisable(body);
    }
    Py_XDECREF(closed);
}

/* Those that no ValueTask keeps: they end the program. */
bool
escapes(PyObject *exception)
{
    return PyErr_GivenExceptionMatches(exception, PyExc_KeyboardInterrupt)
           || PyErr_GivenExceptionMatches(exception, PyExc_SystemExit);
}

/* StopIteration cannot leave an await: it would be taken for the result. */
PyObject *
as_runtime_error(PyObject *stop_iteration)
{
    PyObject *error = PyObject_CallFunction(
        PyExc_RuntimeError, "s", "the ValueTask failed with a StopIteration");
    if (error) {
        PyException_SetCause(error, Py_NewRef(stop_iteration));
    }
    return error;
}

/* The exception that a caller of FUNCTION gave, itself or as a class. */
PyObject *
exception_given(PyObject *given, const char *function)
{
    PyObject *exception
        = PyExceptionClass_Check(given) ? PyObject_CallNoArgs(given) : Py_NewRef(given);
    if (exception && !PyExceptionInstance_Check(exception)) {
        PyErr_Format(
            PyExc_TypeError, "%s() expects an exception, got %R", function, exception);
        Py_CLEAR(exception);
    }
    return exception;
}

/* The CancelledError for the arguments (msg=None). */
PyObject *
cancellation_given(State *state, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"msg", NULL};
    PyObject *message = Py_None;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|O", names, &message)) {
        return NULL;
    }
    return message == Py_None ? PyObject_CallNoArgs(state->cancelled_error)
                              : PyObject_CallOneArg(state->cancelled_error, message);
}

/* Raise what an iterator's throw() was given: an exception, or a class and its argument. */
PySendResult
raise_given(PyObject *const *args, Py_ssize_t count)
{
    if (PyExceptionInstance_Check(args[0])) {
        PyErr_SetObject((PyObject *)Py_TYPE(args[0]), args[0]);
    }
    else if (PyExceptionClass_Check(args[0])) {
        PyErr_SetObject(args[0], count > 1 ? args[1] : Py_None);
    }
    else {
        PyErr_Format(PyExc_TypeError, "throw() expects an exception, got %R", args[0]);
    }
    return PYGEN_ERROR;
}
