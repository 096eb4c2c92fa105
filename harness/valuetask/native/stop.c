/* The StopIteration that hands a result to an await.

   An await of anything but a coroutine goes through tp_iternext on 3.12 and later, which has
   to raise its result in a StopIteration.  To make one is an allocation.  So it is a subclass with a deallocator of its own: when the interpreter has
   taken the value out and lets go of it, its memory is kept for the next.  Nothing keeps the
   value alive beyond that, and one that somebody holds is simply not free. */

#include "native.h"

typedef struct {
    PyStopIterationObject base;
    State *state;
    bool tracked; /* the value may be another one by now */
} Stop;

static PyTypeObject *
base_type(void)
{
    return (PyTypeObject *)PyExc_StopIteration;
}

/* Nobody hung anything onto it that the next must not see. */
static bool
is_plain(PyStopIterationObject *stop)
{
    return !stop->traceback && !stop->context && !stop->cause && !stop->suppress_context
           && !stop->dict && !stop->notes && stop->args && PyTuple_GET_SIZE(stop->args) == 0;
}

static void
stop_dealloc(PyObject *self)
{
    PyStopIterationObject *stop = (PyStopIterationObject *)self;
    PyTypeObject *type = Py_TYPE(self);
    PyObject *value = stop->value;
    State *state = state_left(self, ((Stop *)self)->state);
    if (state && !state->free_stop && is_plain(stop)) {
        if (((Stop *)self)->tracked) {
            PyObject_GC_UnTrack(self);
        }
        stop->value = NULL;
        state->free_stop = self;
        Py_XDECREF(value); /* this may run code that raises another one */
        return;
    }
    if (!PyObject_GC_IsTracked(self)) {
        PyObject_GC_Track(self); /* the base's deallocator expects it */
    }
    base_type()->tp_dealloc(self);
    Py_DECREF(type);
}

static int
stop_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    return base_type()->tp_traverse(self, visit, arg);
}

static int
stop_clear(PyObject *self)
{
    return base_type()->tp_clear(self);
}

/* Free what is kept: its type lives until then. */
void
stop_forget(State *state)
{
    PyObject *self = state->free_stop;
    if (self) {
        PyTypeObject *type = Py_TYPE(self);
        state->free_stop = NULL;
        Py_CLEAR(((PyStopIterationObject *)self)->args);
        PyObject_GC_Del(self);
        Py_DECREF(type);
    }
}

/* Raise StopIteration(value) and return NULL, as tp_iternext does at its end.  Borrows VALUE. */
PyObject *
stop_iteration(State *state, PyObject *value)
{
    if (value == Py_None) {
        return NULL; /* an iterator that ends without an exception has returned None */
    }
    PyObject *self = state->free_stop;
    bool tracked = leads_somewhere(value);
    if (self) {
        state->free_stop = NULL;
        _Py_NewReference(self);
        if (tracked) {
            PyObject_GC_Track(self);
        }
    }
    else {
        self = PyObject_CallNoArgs((PyObject *)state->stop_type);
        if (!self) {
            return NULL;
        }
        ((Stop *)self)->state = state;
        if (!tracked) {
            PyObject_GC_UnTrack(self);
        }
    }
    ((Stop *)self)->tracked = tracked;
    Py_XSETREF(((PyStopIterationObject *)self)->value, Py_NewRef(value));
#if PY_VERSION_HEX >= 0x030C0000
    PyErr_SetRaisedException(self);
#else
    PyErr_Restore(Py_NewRef(state->stop_type), self, NULL);
#endif
    return NULL;
}

static PyType_Slot stop_slots[] = {
    {Py_tp_dealloc, stop_dealloc},
    {Py_tp_traverse, stop_traverse},
    {Py_tp_clear, stop_clear},
    {0, NULL},
};

PyType_Spec stop_spec = {
    .name = "harness.valuetask._native.StopIteration",
    .basicsize = sizeof(Stop),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = stop_slots,
};

/* Hand the outcome of an iterator's step to Python, as tp_iternext does.  Steals RESULT. */
PyObject *
handed(State *state, PySendResult sent, PyObject *result)
{
    if (sent != PYGEN_RETURN) {
        return result;
    }
    stop_iteration(state, result);
    Py_DECREF(result);
    return NULL;
}

/* As handed(), for a method: its end is always an exception, and whoever called it may keep it. */
PyObject *
handed_by_method(PySendResult sent, PyObject *result)
{
    if (sent != PYGEN_RETURN) {
        return result;
    }
    PyObject *stop = PyObject_CallOneArg(PyExc_StopIteration, result); /* a plain one */
    Py_DECREF(result);
    if (stop) {
        PyErr_SetObject(PyExc_StopIteration, stop);
        Py_DECREF(stop);
    }
    return NULL;
}
