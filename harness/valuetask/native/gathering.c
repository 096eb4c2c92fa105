/* gather(): several ValueTasks as one. */

#include "native.h"

/* Return the list of the results, NULL without an exception where not all hold one. */
static PyObject *
results_of(State *state, PyObject *const *value_tasks, Py_ssize_t count)
{
    for (Py_ssize_t i = 0; i < count; i++) {
        if (!Py_IS_TYPE(value_tasks[i], state->value_task_type)
            || ((ValueTask *)value_tasks[i])->kind != RESULT) {
            return NULL;
        }
    }
    PyObject *results = PyList_New(count);
    if (results) {
        for (Py_ssize_t i = 0; i < count; i++) {
            PyList_SET_ITEM(results, i, Py_NewRef(((ValueTask *)value_tasks[i])->value));
        }
    }
    return results;
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
    PyObject *results = results_of(state, args, count);
    if (results) {
        return value_task_completed(state, results);
    }
    if (PyErr_Occurred()) {
        return NULL;
    }
    PyObject *all = PyTuple_New(count);
    if (!all) {
        return NULL;
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        PyTuple_SET_ITEM(all, i, Py_NewRef(args[i]));
    }
    PyObject *gathered = PyObject_CallFunctionObjArgs(
        state->gather_others, all, return_exceptions ? Py_True : Py_False,
        (PyObject *)state->value_task_type, NULL);
    Py_DECREF(all);
    return gathered;
}
