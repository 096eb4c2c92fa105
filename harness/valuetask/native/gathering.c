/* gather(): several ValueTasks as one. */

#include "native.h"

/* Return the list of the results; NULL in place of what is not a ValueTask with a result.  Adds
   to *COUNT_OTHERS how many those are. */
static PyObject *
results_of(
    State *state, PyObject *const *value_tasks, Py_ssize_t count, Py_ssize_t *count_others)
{
    PyObject *results = PyList_New(count);
    for (Py_ssize_t i = 0; results && i < count; i++) {
        ValueTask *one = (ValueTask *)value_tasks[i];
        if (Py_IS_TYPE(one, state->value_task_type) && one->kind == RESULT) {
            PyList_SET_ITEM(results, i, Py_NewRef(one->value));
        }
        else {
            ++*count_others;
        }
    }
    return results;
}

/* Gather those that have no result, which are to fill their places in RESULTS. */
static PyObject *
gather_the_others(
    State *state, PyObject *const *value_tasks, PyObject *results, Py_ssize_t count_others,
    int return_exceptions)
{
    PyObject *gathered = NULL;
    PyObject *others = PyList_New(count_others), *places = PyList_New(count_others);
    if (!others || !places) {
        goto end;
    }
    Py_ssize_t next = 0;
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(results); i++) {
        if (!PyList_GET_ITEM(results, i)) {
            PyList_SET_ITEM(results, i, Py_NewRef(Py_None));
            PyList_SET_ITEM(others, next, Py_NewRef(value_tasks[i]));
            PyObject *place = PyLong_FromSsize_t(i);
            if (!place) {
                goto end;
            }
            PyList_SET_ITEM(places, next++, place);
        }
    }
    gathered = PyObject_CallFunctionObjArgs(
        state->gather_others, others, places, results, return_exceptions ? Py_True : Py_False,
        (PyObject *)state->value_task_type, NULL);
end:
    Py_XDECREF(others);
    Py_XDECREF(places);
    return gathered;
}

/* gather(*value_tasks, return_exceptions=False) */
PyObject *
gather(PyObject *module, PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    State *state = PyModule_GetState(module);
    int return_exceptions = 0;
    if (names) {
        Py_ssize_t given = PyTuple_GET_SIZE(names);
        for (Py_ssize_t i = 0; i < given; i++) {
            PyObject *name = PyTuple_GET_ITEM(names, i);
            if (PyUnicode_CompareWithASCIIString(name, "return_exceptions") != 0) {
                return PyErr_Format(
                    PyExc_TypeError, "gather() got an unexpected keyword argument %R", name);
            }
            return_exceptions = PyObject_IsTrue(args[count + i]);
            if (return_exceptions < 0) {
                return NULL;
            }
        }
    }
    Py_ssize_t count_others = 0;
    PyObject *results = results_of(state, args, count, &count_others);
    if (!results) {
        return NULL;
    }
    if (count_others == 0) {
        return value_task_completed(state, results);
    }
    PyObject *gathered
        = gather_the_others(state, args, results, count_others, return_exceptions);
    Py_DECREF(results);
    return gathered;
}
