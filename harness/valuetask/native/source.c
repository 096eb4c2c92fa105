/* ManualResetValueTaskSource: one object that completes any number of ValueTasks.

   It is what harness/valuetask/sources.py is, with no lock: nothing here gives the interpreter
   a chance to run another thread between a look at the source and the change that follows. */

#include "native.h"
#include <structmember.h>

/* ---- whether a token is the current one ---------------------------------------------------- */

/* A token may be any object, whose == and repr() run code: that may reset the source. */

static int
raise_stale(Source *self, PyObject *token)
{
    PyObject *version = Py_NewRef(self->version);
    PyErr_Format(
        self->state->invalid_state_error,
        "the token %R is not that of the source's current operation, %R: its ValueTask was kept "
        "beyond a reset()",
        token, version);
    Py_DECREF(version);
    return -1;
}

/* 1 or 0; -1 with an exception. */
static int
is_current(Source *self, PyObject *token)
{
    if (token == self->version) {
        return 1;
    }
    PyObject *version = Py_NewRef(self->version);
    int same = PyObject_RichCompareBool(token, version, Py_EQ);
    Py_DECREF(version);
    return same;
}

/* The status for TOKEN; -1 with an exception where the token is stale. */
int
source_status(Source *self, PyObject *token)
{
    int current = is_current(self, token);
    if (current == 0) {
        return raise_stale(self, token);
    }
    return current < 0 ? -1 : (int)self->status;
}

/* ---- who waits ------------------------------------------------------------------------------ */

/* Call METHOD of the loop of who waits, as ask() does; it may change who that is. */
static int
ask_loop(Source *self, PyObject *method)
{
    PyObject *loop = Py_NewRef(self->loop);
    int yes = ask(loop, method);
    Py_DECREF(loop);
    return yes;
}

/* Forget who waits; the references go last, for they run code. */
void
source_forget(Source *self)
{
    PyObject *waits = self->waits, *context = self->context, *loop = self->loop;
    self->waits = self->context = self->loop = NULL;
    self->thread = 0;
    Py_XDECREF(waits);
    Py_XDECREF(context);
    Py_XDECREF(loop);
}

/* Let WAITS (a Waiter, or a continuation to be called in CONTEXT) be told of the completion.
   Returns -1 with an exception where another one waits. */
int
source_wait(Source *self, PyObject *waits, PyObject *context, PyObject *loop)
{
    if (self->waits) {
        PyErr_SetString(
            self->state->invalid_state_error,
            "the source has a waiter already; preserve() its ValueTask for several");
        return -1;
    }
    self->waits = Py_NewRef(waits);
    self->context = Py_XNewRef(context);
    self->loop = Py_NewRef(loop);
    self->thread = PyThread_get_thread_ident();
    return 0;
}

/* Be pending; the references go last. */
static void
drop_outcome(Source *self)
{
    PyObject *value = self->value, *traceback = self->traceback;
    self->status = PENDING;
    self->value = self->traceback = NULL;
    Py_XDECREF(value);
    Py_XDECREF(traceback);
}

/* Tell who waits, by METHOD of its loop, and forget it.  The source is free before that: another
   thread may wait for its next operation before METHOD has returned. */
static int
tell(Source *self, PyObject *method)
{
    State *state = self->state;
    PyObject *version = Py_NewRef(self->version);
    PyObject *waits = self->waits, *context = self->context, *loop = self->loop;
    unsigned long thread = self->thread;
    self->waits = self->context = self->loop = NULL;
    int told = Py_IS_TYPE(waits, state->waiter_type)
                   ? waiter_wake(waits, loop, method)
                   : call_soon(state, loop, method, waits, NULL, context);
    bool same = self->version == version;
    Py_DECREF(version);
    if (told < 0 && same && !self->waits) { /* the loop is closed: as if nothing had happened */
        self->waits = waits;
        self->context = context;
        self->loop = loop;
        self->thread = thread;
        drop_outcome(self);
        return -1;
    }
    Py_DECREF(waits);
    Py_XDECREF(context);
    Py_DECREF(loop);
    return told;
}

/* Raise, before anything is changed, where call_soon() would not wake the loop. */
static int
check_thread(Source *self, const char *method)
{
    if (!self->waits || PyThread_get_thread_ident() == self->thread) {
        return 0;
    }
    int debug = ask_loop(self, self->state->str_get_debug);
    if (debug > 0) {
        PyErr_Format(
            PyExc_RuntimeError,
            "%s() was called in another thread than that of the loop on which somebody waits; "
            "the set functions that end in _threadsafe may be",
            method);
    }
    return debug ? -1 : 0;
}

/* ---- completing it ---------------------------------------------------------------------------- */

static const char *
status_name(Kind status)
{
    return status == RESULT      ? "succeeded"
           : status == FAILED    ? "faulted"
           : status == CANCELLED ? "cancelled"
                                 : "pending";
}

/* Steals VALUE. */
static PyObject *
complete(Source *self, const char *method, Kind status, PyObject *value, bool threadsafe)
{
    State *state = self->state;
    if (!threadsafe && check_thread(self, method) < 0) { /* first: it runs code */
        Py_DECREF(value);
        return NULL;
    }
    if (self->status != PENDING) {
        Py_DECREF(value);
        return PyErr_Format(
            state->invalid_state_error,
            "the source was completed already (%s); reset() it for the next operation",
            status_name(self->status));
    }
    self->status = status;
    self->value = value;
    self->traceback = status == RESULT ? NULL : PyException_GetTraceback(value);
    if (self->waits
        && tell(self, threadsafe ? state->str_call_soon_threadsafe : state->str_call_soon) < 0) {
        return NULL;
    }
    Py_RETURN_NONE;
}

static PyObject *
set_result(PyObject *self, PyObject *result)
{
    return complete((Source *)self, "set_result", RESULT, Py_NewRef(result), false);
}

static PyObject *
set_result_threadsafe(PyObject *self, PyObject *result)
{
    return complete((Source *)self, "set_result", RESULT, Py_NewRef(result), true);
}

static PyObject *
set_exception(PyObject *self, PyObject *given)
{
    PyObject *exception = exception_given(given, "set_exception");
    return exception ? complete((Source *)self, "set_exception", FAILED, exception, false) : NULL;
}

static PyObject *
set_exception_threadsafe(PyObject *self, PyObject *given)
{
    PyObject *exception = exception_given(given, "set_exception_threadsafe");
    return exception ? complete((Source *)self, "set_exception", FAILED, exception, true) : NULL;
}

static PyObject *
complete_cancelled(PyObject *self, PyObject *args, PyObject *kwargs, bool threadsafe)
{
    PyObject *exception = cancellation_given(((Source *)self)->state, args, kwargs);
    return exception
               ? complete((Source *)self, "set_cancelled", CANCELLED, exception, threadsafe)
               : NULL;
}

static PyObject *
set_cancelled(PyObject *self, PyObject *args, PyObject *kwargs)
{
    return complete_cancelled(self, args, kwargs, false);
}

static PyObject *
set_cancelled_threadsafe(PyObject *self, PyObject *args, PyObject *kwargs)
{
    return complete_cancelled(self, args, kwargs, true);
}

/* Wake whoever waits, unless its loop is closed. */
static int
dismiss(Source *self)
{
    int closed = self->waits ? ask_loop(self, self->state->str_is_closed) : 1;
    if (closed != 0) {
        return closed < 0 ? -1 : 0;
    }
    if (check_thread(self, "reset") < 0) {
        return -1;
    }
    return self->waits ? tell(self, self->state->str_call_soon) : 0;
}

/* Begin the next operation.  Whoever still waits for this one is woken, and finds that its token
   is stale. */
static PyObject *
reset(PyObject *object, PyObject *Py_UNUSED(ignored))
{
    Source *self = (Source *)object;
    if (dismiss(self) < 0) {
        return NULL;
    }
    PyObject *one = PyLong_FromLong(1);
    PyObject *version = one ? PyNumber_Add(self->version, one) : NULL;
    Py_XDECREF(one);
    if (!version) {
        return NULL;
    }
    /* The references go last: the code that they run finds the next operation. */
    PyObject *gone[] = {self->version, self->value, self->traceback,
                        self->waits,   self->context, self->loop};
    self->version = version;
    self->status = PENDING;
    self->value = self->traceback = self->waits = self->context = self->loop = NULL;
    self->thread = 0;
    for (size_t i = 0; i < Py_ARRAY_LENGTH(gone); i++) {
        Py_XDECREF(gone[i]);
    }
    Py_RETURN_NONE;
}

/* ---- the three methods of a ValueTaskSource, and one more ------------------------------------- */

static PyObject *
get_status(PyObject *object, PyObject *token)
{
    Source *self = (Source *)object;
    int status = source_status(self, token);
    if (status < 0) {
        return NULL;
    }
    State *state = self->state;
    return Py_NewRef(
        status == RESULT      ? state->succeeded
        : status == FAILED    ? state->faulted
        : status == CANCELLED ? state->cancelled
                              : state->pending);
}

/* Return the result, or raise the failure; again until the reset. */
PyObject *
source_get_result(PyObject *object, PyObject *token)
{
    Source *self = (Source *)object;
    switch (source_status(self, token)) {
    case -1:
        return NULL;
    case RESULT:
        return Py_NewRef(self->value);
    case PENDING:
        PyErr_SetString(
            self->state->invalid_state_error,
            "the source is not completed; await its ValueTask");
        return NULL;
    default:
        raise_again(self->value, self->traceback);
        return NULL;
    }
}

static PyObject *
on_completed(PyObject *object, PyObject *const *args, Py_ssize_t count)
{
    Source *self = (Source *)object;
    if (count != 2) {
        return PyErr_Format(
            PyExc_TypeError, "on_completed() takes a continuation and a token, got %zd arguments",
            count);
    }
    PyObject *loop = NULL, *context = NULL;
    int done = -1;
    if (source_status(self, args[1]) >= 0 && (loop = PyObject_CallNoArgs(self->state->get_running_loop))
        && (context = PyContext_CopyCurrent())) {
        /* What was looked up may have run code: the source is looked at again. */
        int status = source_status(self, args[1]);
        if (status == PENDING) {
            done = source_wait(self, args[0], context, loop);
        }
        else if (status >= 0) {
            done = call_soon(
                self->state, loop, self->state->str_call_soon, args[0], NULL, context);
        }
    }
    Py_XDECREF(loop);
    Py_XDECREF(context);
    if (done < 0) {
        return NULL;
    }
    Py_RETURN_NONE;
}

static PyObject *
remove_continuation(PyObject *object, PyObject *const *args, Py_ssize_t count)
{
    Source *self = (Source *)object;
    if (count != 2) {
        return PyErr_Format(
            PyExc_TypeError,
            "remove_continuation() takes a continuation and a token, got %zd arguments", count);
    }
    int same = is_current(self, args[1]);
    PyObject *waits = Py_XNewRef(self->waits);
    if (same > 0) {
        same = waits ? PyObject_RichCompareBool(waits, args[0], Py_EQ) : 0;
    }
    if (same > 0 && waits == self->waits) {
        source_forget(self);
    }
    Py_XDECREF(waits);
    return same < 0 ? NULL : Py_NewRef(Py_None);
}

static PyObject *
value_task(PyObject *object, PyObject *Py_UNUSED(ignored))
{
    Source *self = (Source *)object;
    return value_task_new(self->state, SOURCE, Py_NewRef(object), Py_NewRef(self->version));
}

/* ---- the type ------------------------------------------------------------------------------------ */

static PyObject *
source_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    bool given = PyTuple_GET_SIZE(args) > 0 || (kwargs && PyDict_GET_SIZE(kwargs) > 0);
    if (given && type->tp_init == PyBaseObject_Type.tp_init) { /* else a subclass takes them */
        return PyErr_Format(PyExc_TypeError, "%s() takes no arguments", type->tp_name);
    }
    PyObject *module = PyType_GetModuleByDef(type, &module_definition);
    Source *self = module ? (Source *)type->tp_alloc(type, 0) : NULL;
    if (!self) {
        return NULL;
    }
    self->state = PyModule_GetState(module);
    self->status = PENDING;
    self->version = PyLong_FromLong(0);
    if (!self->version) {
        Py_DECREF(self);
        return NULL;
    }
    return (PyObject *)self;
}

static int
source_traverse(PyObject *object, visitproc visit, void *arg)
{
    Source *self = (Source *)object;
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(self->value);
    Py_VISIT(self->traceback);
    Py_VISIT(self->waits);
    Py_VISIT(self->context);
    Py_VISIT(self->loop);
    return 0;
}

static int
source_clear(PyObject *object)
{
    Source *self = (Source *)object;
    source_forget(self);
    self->status = PENDING;
    Py_CLEAR(self->value);
    Py_CLEAR(self->traceback);
    return 0;
}

static void
source_dealloc(PyObject *object)
{
    Source *self = (Source *)object;
    PyTypeObject *type = Py_TYPE(object);
    PyObject_GC_UnTrack(object);
    if (self->weakrefs) {
        PyObject_ClearWeakRefs(object);
    }
    source_clear(object);
    Py_CLEAR(self->version);
    type->tp_free(object);
    Py_DECREF(type);
}

static PyObject *
source_repr(PyObject *object)
{
    Source *self = (Source *)object;
    PyObject *name = PyType_GetName(Py_TYPE(object));
    if (!name) {
        return NULL;
    }
    PyObject *text = PyUnicode_FromFormat(
        "<%U version=%R %s>", name, self->version, status_name(self->status));
    Py_DECREF(name);
    return text;
}

static PyObject *
get_version(PyObject *self, void *Py_UNUSED(ignored))
{
    return Py_NewRef(((Source *)self)->version);
}

PyDoc_STRVAR(
    source_doc,
    "ManualResetValueTaskSource()\n--\n\n"
    "A ValueTaskSource that somebody completes, and resets to be used again.\n\n"
    "The C implementation of harness.valuetask.ManualResetValueTaskSource.");

#define WITH_NAMES METH_VARARGS | METH_KEYWORDS
#define FUNCTION(name) (PyCFunction)(void (*)(void))name

static PyMethodDef source_methods[] = {
    {"value_task", value_task, METH_NOARGS,
     "value_task($self)\n--\n\nReturn the ValueTask of the current operation."},
    {"reset", reset, METH_NOARGS, "reset($self)\n--\n\nBegin the next operation."},
    {"set_result", set_result, METH_O,
     "set_result($self, result, /)\n--\n\nComplete the operation with a result."},
    {"set_exception", set_exception, METH_O,
     "set_exception($self, exception, /)\n--\n\nComplete the operation with a failure."},
    {"set_cancelled", FUNCTION(set_cancelled), WITH_NAMES,
     "set_cancelled($self, msg=None)\n--\n\nComplete the operation as cancelled."},
    {"set_result_threadsafe", set_result_threadsafe, METH_O,
     "set_result_threadsafe($self, result, /)\n--\n\nDo as set_result(), from any thread."},
    {"set_exception_threadsafe", set_exception_threadsafe, METH_O,
     "set_exception_threadsafe($self, exception, /)\n--\n\nAs set_exception(), from any thread."},
    {"set_cancelled_threadsafe", FUNCTION(set_cancelled_threadsafe), WITH_NAMES,
     "set_cancelled_threadsafe($self, msg=None)\n--\n\nAs set_cancelled(), from any thread."},
    {"get_status", get_status, METH_O,
     "get_status($self, token, /)\n--\n\nReturn how far the operation of that version is."},
    {"on_completed", FUNCTION(on_completed), METH_FASTCALL,
     "on_completed($self, continuation, token, /)\n--\n\nCall it soon after the completion."},
    {"remove_continuation", FUNCTION(remove_continuation), METH_FASTCALL,
     "remove_continuation($self, continuation, token, /)\n--\n\nForget a continuation."},
    {"get_result", source_get_result, METH_O,
     "get_result($self, token, /)\n--\n\nReturn the result, or raise the failure."},
    {"__class_getitem__", Py_GenericAlias, METH_O | METH_CLASS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyMemberDef source_members[] = {
    {"__weaklistoffset__", T_PYSSIZET, offsetof(Source, weakrefs), READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyGetSetDef source_getset[] = {
    {"version", get_version, NULL, "The token of the current operation.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot source_slots[] = {
    {Py_tp_doc, (void *)source_doc},
    {Py_tp_new, source_new},
    {Py_tp_methods, source_methods},
    {Py_tp_members, source_members},
    {Py_tp_getset, source_getset},
    {Py_tp_repr, source_repr},
    {Py_tp_traverse, source_traverse},
    {Py_tp_clear, source_clear},
    {Py_tp_dealloc, source_dealloc},
    {0, NULL},
};

PyType_Spec source_spec = {
    .name = "harness.valuetask.ManualResetValueTaskSource",
    .basicsize = sizeof(Source),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE,
    .slots = source_slots,
};
