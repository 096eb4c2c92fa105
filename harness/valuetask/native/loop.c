/* What asyncio's loops and futures, or others like them, are asked. */

#include "native.h"

/* Call OBJECT.METHOD(): its truth, or -1 with an exception. */
int
ask(PyObject *object, PyObject *method)
{
    PyObject *answer = PyObject_CallMethodNoArgs(object, method);
    if (!answer) {
        return -1;
    }
    int yes = PyObject_IsTrue(answer);
    Py_DECREF(answer);
    return yes;
}

/* A new future on the running loop. */
PyObject *
new_future(State *state)
{
    PyObject *loop = PyObject_CallNoArgs(state->get_running_loop);
    if (!loop) {
        return NULL;
    }
    PyObject *future = PyObject_CallMethodNoArgs(loop, state->str_create_future);
    Py_DECREF(loop);
    return future;
}

/* Call future.cancel() with the message of the CancelledError EXCEPTION. */
PyObject *
cancel(State *state, PyObject *future, PyObject *exception)
{
    PyObject *args = ((PyBaseExceptionObject *)exception)->args;
    if (args && PyTuple_GET_SIZE(args) > 0) {
        return PyObject_CallMethodOneArg(future, state->str_cancel, PyTuple_GET_ITEM(args, 0));
    }
    return PyObject_CallMethodNoArgs(future, state->str_cancel);
}

/* Call LOOP.METHOD(FUNCTION[, ARGUMENT], context=CONTEXT). */
int
call_soon(
    State *state, PyObject *loop, PyObject *method, PyObject *function, PyObject *argument,
    PyObject *context)
{
    PyObject *args[4] = {loop, function};
    size_t count = 2;
    if (argument) {
        args[count++] = argument;
    }
    args[count] = context;
    PyObject *handle
        = PyObject_VectorcallMethod(method, args, count, context ? state->context_names : NULL);
    if (!handle) {
        return -1;
    }
    Py_DECREF(handle);
    return 0;
}
