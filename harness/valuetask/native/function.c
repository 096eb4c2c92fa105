/* @value_task: a function whose call steps its body at once, up to the first suspension. */

#include "native.h"
#include <structmember.h>

typedef struct {
    PyObject_HEAD
    vectorcallfunc vectorcall;
    State *state;
    PyObject *function; /* the async def */
    PyObject *dict;
    PyObject *weakrefs;
    bool pooled;
} Function;

/* The body suspended: steals BODY and WAITS_FOR. */
static PyObject *
suspended(State *state, PyObject *body, PyObject *waits_for, bool pooled)
{
    int blocking = take_mark(state, waits_for);
    if (blocking < 0) {
        Py_DECREF(waits_for);
        Py_DECREF(body);
        return NULL;
    }
    ValueTask *made = (ValueTask *)value_task_new(state, BODY, body, waits_for);
    if (made) {
        made->blocking = blocking;
        made->pooled = pooled;
    }
    return (PyObject *)made;
}

/* The body raised: steals BODY. */
static PyObject *
failed(State *state, PyObject *body)
{
    if (PyErr_ExceptionMatches(PyExc_RecursionError)) {
        /* One that raised before its first line has not begun: closing it spares the warning
           that it was never awaited. */
        PyObject *exception = raised();
        close_quietly(state, body);
        raise_back(exception);
    }
    Py_DECREF(body);
    return value_task_failed(state);
}

static PyObject *
function_vectorcall(PyObject *callable, PyObject *const *args, size_t nargsf, PyObject *names)
{
    Function *self = (Function *)callable;
    State *state = self->state;
    /* Straight to the function's own entry: PyObject_Vectorcall() only looks it up. */
    PyObject *body = PyFunction_Check(self->function)
                         ? ((PyFunctionObject *)self->function)
                               ->vectorcall(self->function, args, nargsf, names)
                         : PyObject_Vectorcall(self->function, args, nargsf, names);
    if (!body) {
        return NULL; /* the arguments do not fit */
    }
    Hidden hidden;
    hide_handled(&hidden);
    PyObject *outcome;
    PySendResult sent = PyCoro_CheckExact(body)
                            ? Py_TYPE(body)->tp_as_async->am_send(body, Py_None, &outcome)
                            : PyIter_Send(body, Py_None, &outcome);
    show_handled(&hidden);
    switch (sent) {
    case PYGEN_RETURN:
        Py_DECREF(body);
        return value_task_completed(state, outcome);
    case PYGEN_NEXT:
        return suspended(state, body, outcome, self->pooled);
    default:
        return failed(state, body);
    }
}

static PyObject *
function_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"function", "pooled", NULL};
    PyObject *function;
    int pooled = 0;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|p:Function", names, &function, &pooled)) {
        return NULL;
    }
    Function *self = (Function *)type->tp_alloc(type, 0);
    if (self) {
        self->vectorcall = function_vectorcall;
        self->state = state_of(type);
        self->function = Py_NewRef(function);
        self->pooled = pooled;
    }
    return (PyObject *)self;
}

static int
function_traverse(PyObject *object, visitproc visit, void *arg)
{
    Function *self = (Function *)object;
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(self->function);
    Py_VISIT(self->dict);
    return 0;
}

static int
function_clear(PyObject *object)
{
    Function *self = (Function *)object;
    Py_XSETREF(self->function, Py_NewRef(Py_None)); /* a call says that it is not callable */
    Py_CLEAR(self->dict);
    return 0;
}

static void
function_dealloc(PyObject *object)
{
    Function *self = (Function *)object;
    PyTypeObject *type = Py_TYPE(object);
    PyObject_GC_UnTrack(object);
    if (self->weakrefs) {
        PyObject_ClearWeakRefs(object);
    }
    Py_CLEAR(self->function);
    Py_CLEAR(self->dict);
    type->tp_free(object);
    Py_DECREF(type);
}

/* A function in a class is a method. */
static PyObject *
function_get(PyObject *self, PyObject *instance, PyObject *Py_UNUSED(owner))
{
    return instance && instance != Py_None ? PyMethod_New(self, instance) : Py_NewRef(self);
}

static PyObject *
function_repr(PyObject *object)
{
    PyObject *name = PyObject_GetAttr(object, ((Function *)object)->state->str_qualname);
    if (!name) {
        return NULL;
    }
    PyObject *text = PyUnicode_FromFormat("<value_task function %S at %p>", name, object);
    Py_DECREF(name);
    return text;
}

/* Pickled as functions are: by its name in its module. */
static PyObject *
function_reduce(PyObject *object, PyObject *Py_UNUSED(ignored))
{
    return PyObject_GetAttr(object, ((Function *)object)->state->str_qualname);
}

static PyMethodDef function_methods[] = {
    {"__reduce__", function_reduce, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyMemberDef function_members[] = {
    {"__vectorcalloffset__", T_PYSSIZET, offsetof(Function, vectorcall), READONLY, NULL},
    {"__dictoffset__", T_PYSSIZET, offsetof(Function, dict), READONLY, NULL},
    {"__weaklistoffset__", T_PYSSIZET, offsetof(Function, weakrefs), READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyGetSetDef function_getset[] = {
    {"__dict__", PyObject_GenericGetDict, PyObject_GenericSetDict, NULL, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

PyDoc_STRVAR(
    function_doc,
    "Function(function, pooled=False)\n--\n\n"
    "What @value_task makes of an async def: a call of it gives a ValueTask.");

static PyType_Slot function_slots[] = {
    {Py_tp_doc, (void *)function_doc},
    {Py_tp_new, function_new},
    {Py_tp_call, PyVectorcall_Call},
    {Py_tp_descr_get, function_get},
    {Py_tp_repr, function_repr},
    {Py_tp_traverse, function_traverse},
    {Py_tp_clear, function_clear},
    {Py_tp_dealloc, function_dealloc},
    {Py_tp_methods, function_methods},
    {Py_tp_members, function_members},
    {Py_tp_getset, function_getset},
    {0, NULL},
};

PyType_Spec function_spec = {
    .name = "harness.valuetask._native.Function",
    .basicsize = sizeof(Function),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL
             | Py_TPFLAGS_METHOD_DESCRIPTOR | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = function_slots,
};
