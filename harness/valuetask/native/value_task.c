/* ValueTask: what it carries, how it is asked, awaited and handed on. */

#include "native.h"

/* ---- making, changing and dropping one -------------------------------------------------- */

PyObject *
value_task_new(State *state, Kind kind, PyObject *value, PyObject *extra)
{
    return value_task_made(state, kind, value, extra);
}

/* Let a BODY be what came of it. */
void
value_task_becomes(ValueTask *self, Kind kind, PyObject *value, PyObject *extra)
{
    PyObject *body = self->value, *waits_for = self->extra;
    self->kind = (unsigned char)kind;
    self->from_body = true;
    self->driven = false;
    self->value = value;
    self->extra = extra;
    Py_XDECREF(body);
    Py_XDECREF(waits_for);
}

/* The failure of a body, or of a function, which raised: cancelled by a CancelledError, else
   faulted.  NULL with what escapes. */
PyObject *
value_task_failed(State *state)
{
    PyObject *exception = raised();
    if (escapes(exception)) {
        raise_back(exception);
        return NULL;
    }
    int cancelled = PyErr_GivenExceptionMatches(exception, state->cancelled_error);
    return value_task_new(
        state, cancelled ? CANCELLED : FAILED, exception, PyException_GetTraceback(exception));
}

static int
value_task_traverse(PyObject *object, visitproc visit, void *arg)
{
    ValueTask *self = (ValueTask *)object;
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(self->value);
    Py_VISIT(self->extra);
    return 0;
}

static int
value_task_clear(PyObject *object)
{
    value_task_becomes((ValueTask *)object, RESULT, Py_NewRef(Py_None), NULL);
    return 0;
}

/* Dropped without an await, a suspended body warns as a coroutine does, and is closed. */
static void
value_task_finalize(PyObject *object)
{
    ValueTask *self = (ValueTask *)object;
    if (self->kind != BODY || self->driven) {
        return;
    }
    PyObject *pending = raised();
    State *state = self->state;
    PyObject *body = Py_NewRef(self->value);
    PyObject *name = PyObject_GetAttr(body, state->str_qualname);
    if (!name
        || PyErr_WarnFormat(
               PyExc_RuntimeWarning, 1, "ValueTask of %R was never awaited", name)
               < 0) {
        PyErr_WriteUnraisable(object);
    }
    Py_XDECREF(name);
    close_quietly(state, body);
    Py_DECREF(body);
    raise_back(pending);
}

static void
value_task_dealloc(PyObject *object)
{
    ValueTask *self = (ValueTask *)object;
    State *state = state_left(object, self->state);
    FreeList *list = state ? &state->free_value_tasks : NULL;
    if (self->kind == RESULT) {
        PyObject *value = self->value;
        if (!self->from_body && !leads_somewhere(value)) { /* never tracked */
            Py_DECREF(value);
            object_dropped(list, object, true);
            return;
        }
    }
    else if (self->kind == BODY && PyObject_CallFinalizerFromDealloc(object) < 0) {
        return; /* it lives on */
    }
    PyObject_GC_UnTrack(object);
    Py_TRASHCAN_BEGIN(object, value_task_dealloc) /* a result may hold a result that holds … */
    Py_CLEAR(self->value);
    Py_CLEAR(self->extra);
    object_dropped(list, object, false);
    Py_TRASHCAN_END
}

/* ---- ValueTask(result=None) and the other constructors ---------------------------------- */

static inline PyObject *
new_completed(PyTypeObject *type, PyObject *result)
{
    return value_task_completed(state_of(type), Py_NewRef(result));
}

PyObject *
value_task_vectorcall(PyObject *type, PyObject *const *args, size_t nargsf, PyObject *names)
{
    Py_ssize_t count = PyVectorcall_NARGS(nargsf);
    bool named = names && count == 0 && PyTuple_GET_SIZE(names) == 1
                 && PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(names, 0), "result") == 0;
    if (named || (!names && count <= 1)) {
        return new_completed((PyTypeObject *)type, named || count == 1 ? args[0] : Py_None);
    }
    PyErr_SetString(
        PyExc_TypeError,
        "ValueTask() takes one result or none; a future is wrapped by ValueTask.from_future()");
    return NULL;
}

static PyObject *
value_task_make(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"result", NULL};
    PyObject *result = Py_None;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|O:ValueTask", names, &result)) {
        return NULL;
    }
    return new_completed(type, result);
}

static PyObject *
from_future(PyObject *type, PyObject *future)
{
    State *state = state_of((PyTypeObject *)type);
    if (!Py_IS_TYPE(future, (PyTypeObject *)state->future_type)
        && !Py_IS_TYPE(future, (PyTypeObject *)state->task_type)) {
        PyObject *answer = PyObject_CallOneArg(state->isfuture, future);
        if (!answer) {
            return NULL;
        }
        int is_future = PyObject_IsTrue(answer);
        Py_DECREF(answer);
        if (is_future < 0) {
            return NULL;
        }
        if (!is_future) {
            return PyErr_Format(
                PyExc_TypeError,
                "from_future() expects an asyncio future or task, got %R; "
                "asyncio.ensure_future() or asyncio.wrap_future() makes one",
                future);
        }
    }
    return value_task_new(state, FUTURE, Py_NewRef(future), NULL);
}

static PyObject *
from_source(PyObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"source", "token", NULL};
    PyObject *source, *token;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OO:from_source", names, &source, &token)) {
        return NULL;
    }
    if (source == Py_None) {
        PyErr_SetString(
            PyExc_TypeError, "from_source() expects a ValueTaskSource, got None");
        return NULL;
    }
    return value_task_new(
        state_of((PyTypeObject *)type), SOURCE, Py_NewRef(source), Py_NewRef(token));
}

static PyObject *
from_exception(PyObject *type, PyObject *given)
{
    PyObject *exception = exception_given(given, "from_exception");
    if (!exception) {
        return NULL;
    }
    /* Also a CancelledError, as on a Future: it was given, not raised by a body. */
    return value_task_new(
        state_of((PyTypeObject *)type), FAILED, exception, PyException_GetTraceback(exception));
}

static PyObject *
from_cancelled(PyObject *type, PyObject *args, PyObject *kwargs)
{
    State *state = state_of((PyTypeObject *)type);
    PyObject *exception = cancellation_given(state, args, kwargs);
    return exception ? value_task_new(state, CANCELLED, exception, NULL) : NULL;
}

/* ---- done(), succeeded(), faulted(), cancelled() ---------------------------------------- */

static PyObject *
raise_spent(State *state)
{
    PyErr_SetString(
        state->invalid_state_error,
        "the result of this pooled ValueTask was read already; preserve() one that is to be used "
        "again");
    return NULL;
}

/* Whether the source is one of ours: then it is asked without calling its methods. */
static bool
is_ours(State *state, PyObject *source)
{
    return Py_IS_TYPE(source, state->source_type);
}

/* RESULT, FAILED, CANCELLED or PENDING; -1 with an exception. */
static int
source_outcome(State *state, ValueTask *self)
{
    if (is_ours(state, self->value)) {
        return source_status((Source *)self->value, self->extra);
    }
    PyObject *status = PyObject_CallMethodOneArg(self->value, state->str_get_status, self->extra);
    if (!status) {
        return -1;
    }
    Py_DECREF(status); /* one of the four, which the state holds */
    return status == state->succeeded   ? RESULT
           : status == state->faulted   ? FAILED
           : status == state->cancelled ? CANCELLED
                                        : PENDING;
}

/* What the source gives; a source may be consumed by that. */
static PyObject *
source_read(State *state, ValueTask *self)
{
    if (is_ours(state, self->value)) {
        return source_get_result(self->value, self->extra);
    }
    return PyObject_CallMethodOneArg(self->value, state->str_get_result, self->extra);
}

/* Whether the future is done with an exception.  exception() would count as reading it, and
   silence "exception was never retrieved". */
static int
future_failed(State *state, PyObject *future)
{
    PyObject *exception = PyObject_GetAttr(future, state->str_exception_field);
    if (!exception && PyErr_ExceptionMatches(PyExc_AttributeError)) {
        PyErr_Clear(); /* not one of asyncio's, only like one */
        exception = PyObject_CallMethodNoArgs(future, state->str_exception);
    }
    if (!exception) {
        return -1;
    }
    Py_DECREF(exception);
    return exception != Py_None;
}

/* The kind that SELF amounts to at this moment: RESULT, FAILED or CANCELLED where it is done,
   else PENDING.  Consumes nothing.  -1 with an exception where it cannot be told. */
static int
outcome(State *state, ValueTask *self)
{
    switch (self->kind) {
    case FUTURE: {
        int yes = ask(self->value, state->str_done);
        if (yes <= 0) {
            return yes < 0 ? -1 : PENDING;
        }
        yes = ask(self->value, state->str_cancelled);
        if (yes != 0) {
            return yes < 0 ? -1 : CANCELLED;
        }
        yes = future_failed(state, self->value);
        return yes < 0 ? -1 : yes ? FAILED : RESULT;
    }
    case SOURCE:
        return source_outcome(state, self);
    case SPENT:
        raise_spent(state);
        return -1;
    default:
        return self->kind;
    }
}

static PyObject *
done(PyObject *object, PyObject *Py_UNUSED(ignored))
{
    ValueTask *self = (ValueTask *)object;
    if (self->kind == RESULT) {
        Py_RETURN_TRUE;
    }
    State *state = self->state;
    if (self->kind == FUTURE) {
        return PyObject_CallMethodNoArgs(self->value, state->str_done);
    }
    int kind = outcome(state, self);
    return kind < 0 ? NULL : PyBool_FromLong(kind != PENDING);
}

static PyObject *
succeeded(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    int kind = outcome(((ValueTask *)self)->state, (ValueTask *)self);
    return kind < 0 ? NULL : PyBool_FromLong(kind == RESULT);
}

static PyObject *
faulted(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    int kind = outcome(((ValueTask *)self)->state, (ValueTask *)self);
    return kind < 0 ? NULL : PyBool_FromLong(kind == FAILED);
}

static PyObject *
cancelled(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    int kind = outcome(((ValueTask *)self)->state, (ValueTask *)self);
    return kind < 0 ? NULL : PyBool_FromLong(kind == CANCELLED);
}

/* ---- result(), exception() --------------------------------------------------------------- */

static PyObject *
raise_unfinished(State *state)
{
    PyErr_SetString(
        state->invalid_state_error, "the body has not finished; await the ValueTask");
    return NULL;
}

static PyObject *
source_result(State *state, ValueTask *self)
{
    int kind = source_outcome(state, self);
    if (kind < 0) {
        return NULL;
    }
    if (kind == PENDING) {
        PyErr_SetString(
            state->invalid_state_error, "the source is not completed; await the ValueTask");
        return NULL;
    }
    return source_read(state, self);
}

static PyObject *
result(PyObject *object, PyObject *Py_UNUSED(ignored))
{
    ValueTask *self = (ValueTask *)object;
    if (self->kind == RESULT) {
        return Py_NewRef(self->value);
    }
    State *state = self->state;
    switch (self->kind) {
    case FAILED:
    case CANCELLED:
        raise_again(self->value, self->extra);
        return NULL;
    case FUTURE:
        return PyObject_CallMethodNoArgs(self->value, state->str_result);
    case SOURCE:
        return source_result(state, self);
    case SPENT:
        return raise_spent(state);
    default:
        return raise_unfinished(state);
    }
}

static PyObject *
exception(PyObject *object, PyObject *Py_UNUSED(ignored))
{
    ValueTask *self = (ValueTask *)object;
    State *state = self->state;
    switch (self->kind) {
    case RESULT:
        Py_RETURN_NONE;
    case FAILED:
        return Py_NewRef(self->value);
    case CANCELLED:
        raise_again(self->value, self->extra);
        return NULL;
    case FUTURE:
        return PyObject_CallMethodNoArgs(self->value, state->str_exception);
    case SOURCE:
        return PyObject_CallFunctionObjArgs(
            state->failure_of_source, self->value, self->extra, NULL);
    case SPENT:
        return raise_spent(state);
    default:
        return raise_unfinished(state);
    }
}

/* ---- await -------------------------------------------------------------------------------- */

/* A completed one is the iterator of its own await: it has nothing to remember. */
PyObject *
value_task_await(PyObject *object)
{
    ValueTask *self = (ValueTask *)object;
    switch (self->kind) {
    case RESULT:
    case FAILED:
    case CANCELLED:
        return Py_NewRef(object);
    case FUTURE: {
        PyAsyncMethods *async = Py_TYPE(self->value)->tp_as_async;
        if (!async || !async->am_await) {
            return PyErr_Format(PyExc_TypeError, "%R cannot be awaited", self->value);
        }
        return async->am_await(self->value);
    }
    case SOURCE:
        if (is_ours(self->state, self->value)) {
            return waiter_new(self->state, (Source *)self->value, self->extra);
        }
        return PyObject_CallFunctionObjArgs(
            self->state->wait_for_source, self->value, self->extra, NULL);
    case SPENT:
        return raise_spent(self->state);
    default:
        return rest_new(self->state, self, false);
    }
}

/* __await__() when it is called by that name, as asyncio does on 3.11 for `yield from`: this
   iterator has all that a generator has. */
static PyObject *
iterator(PyObject *object, PyObject *Py_UNUSED(ignored))
{
    ValueTask *self = (ValueTask *)object;
    if (self->kind == RESULT || self->kind == FAILED || self->kind == CANCELLED) {
        return rest_new(self->state, self, false);
    }
    return value_task_await(object);
}

/* Give what a completed one has, as PyIter_Send does. */
PySendResult
value_task_again(State *state, ValueTask *self, PyObject **result)
{
    if (self->kind == RESULT) {
        *result = Py_NewRef(self->value);
        return PYGEN_RETURN;
    }
    *result = NULL;
    if (self->kind == SPENT) {
        raise_spent(state);
    }
    else if (self->kind != FAILED && self->kind != CANCELLED) {
        PyErr_SetString(PyExc_TypeError, "a ValueTask that is not done must be awaited");
    }
    else if (PyErr_GivenExceptionMatches(self->value, PyExc_StopIteration)) {
        PyObject *error = as_runtime_error(self->value);
        if (error) {
            raise_again(error, NULL);
            Py_DECREF(error);
        }
    }
    else {
        raise_again(self->value, self->extra);
    }
    return PYGEN_ERROR;
}

static PySendResult
value_task_send(PyObject *self, PyObject *Py_UNUSED(sent), PyObject **result)
{
    if (((ValueTask *)self)->kind == RESULT) {
        *result = Py_NewRef(((ValueTask *)self)->value);
        return PYGEN_RETURN;
    }
    return value_task_again(((ValueTask *)self)->state, (ValueTask *)self, result);
}

static PyObject *
value_task_next(PyObject *self)
{
    State *state = ((ValueTask *)self)->state;
    if (((ValueTask *)self)->kind == RESULT) {
        return stop_iteration(state, ((ValueTask *)self)->value);
    }
    PyObject *result;
    if (value_task_again(state, (ValueTask *)self, &result) == PYGEN_RETURN) {
        stop_iteration(state, result);
        Py_DECREF(result);
    }
    return NULL;
}

/* ---- as_future(), preserve(), then() ------------------------------------------------------ */

/* Call FUTURE.METHOD(ARGUMENT) and return the future; steals it. */
static PyObject *
told(PyObject *future, PyObject *method, PyObject *argument)
{
    PyObject *answer = PyObject_CallMethodOneArg(future, method, argument);
    if (!answer) {
        Py_DECREF(future);
        return NULL;
    }
    Py_DECREF(answer);
    return future;
}

static PyObject *
future_of_failure(State *state, ValueTask *self)
{
    PyObject *future = new_future(state);
    if (!future) {
        return NULL;
    }
    if (self->kind == CANCELLED) {
        PyObject *answer = cancel(state, future, self->value);
        if (!answer) {
            Py_DECREF(future);
            return NULL;
        }
        Py_DECREF(answer);
        return future;
    }
    if (PyErr_GivenExceptionMatches(self->value, PyExc_StopIteration)) {
        PyObject *error = as_runtime_error(self->value);
        if (!error) {
            Py_DECREF(future);
            return NULL;
        }
        future = told(future, state->str_set_exception, error);
        Py_DECREF(error);
        return future;
    }
    PyException_SetTraceback(self->value, self->extra ? self->extra : Py_None);
    return told(future, state->str_set_exception, self->value);
}

static PyObject *
as_future(PyObject *object, PyObject *Py_UNUSED(ignored))
{
    ValueTask *self = (ValueTask *)object;
    State *state = self->state;
    switch (self->kind) {
    case RESULT: {
        PyObject *future = new_future(state);
        return future ? told(future, state->str_set_result, self->value) : NULL;
    }
    case FAILED:
    case CANCELLED:
        return future_of_failure(state, self);
    case FUTURE:
        return Py_NewRef(self->value);
    case SOURCE:
        return PyObject_CallFunctionObjArgs(
            state->future_of_source, self->value, self->extra, NULL);
    case SPENT:
        return raise_spent(state);
    default:
        return rest_in_task(state, self);
    }
}

static PyObject *
preserve(PyObject *object, PyObject *Py_UNUSED(ignored))
{
    ValueTask *self = (ValueTask *)object;
    if (self->kind != SOURCE && self->kind != BODY && self->kind != SPENT) {
        return Py_NewRef(object);
    }
    PyObject *future = as_future(object, NULL);
    return future ? value_task_new(self->state, FUTURE, future, NULL) : NULL;
}

/* A ValueTask of what the call of FUNCTION with RESULT gives; steals RESULT, which may be NULL
   with an exception. */
static PyObject *
applied(State *state, PyObject *function, PyObject *result)
{
    if (!result) {
        return NULL;
    }
    Hidden hidden;
    hide_handled(&hidden);
    PyObject *answer = PyObject_CallOneArg(function, result);
    show_handled(&hidden);
    Py_DECREF(result);
    if (answer) {
        return value_task_completed(state, answer);
    }
    return value_task_failed(state);
}

/* then() on a source that is completed, and may be consumed by being read.  What it gives counts
   for more than what it said of itself. */
static PyObject *
then_on_source(State *state, ValueTask *self, Kind said, PyObject *function)
{
    PyObject *result = source_read(state, self);
    if (result) {
        return applied(state, function, result);
    }
    PyObject *exception = raised();
    return value_task_new(
        state, said == CANCELLED ? CANCELLED : FAILED, exception,
        PyException_GetTraceback(exception));
}

static PyObject *
then(PyObject *object, PyObject *function)
{
    ValueTask *self = (ValueTask *)object;
    State *state = self->state;
    int kind = outcome(state, self);
    if (kind < 0) {
        return NULL;
    }
    if (kind == PENDING) {
        PyObject *body
            = PyObject_CallFunctionObjArgs(state->then_coroutine, object, function, NULL);
        return body ? value_task_new(state, BODY, body, NULL) : NULL;
    }
    if (self->kind == SOURCE) {
        return then_on_source(state, self, kind, function);
    }
    return kind == RESULT ? applied(state, function, result(object, NULL))
                          : Py_NewRef(object); /* it failed: it carries no result */
}

/* ---- ==, hash(), repr() ------------------------------------------------------------------- */

/* What two must share to be equal: the future, or the source (and token); else themselves. */
static PyObject *
identity(ValueTask *self)
{
    bool wraps = (self->kind == FUTURE || self->kind == SOURCE) && !self->from_body;
    return wraps ? self->value : (PyObject *)self;
}

static PyObject *
value_task_compare(PyObject *object, PyObject *other, int operator)
{
    if ((operator != Py_EQ && operator != Py_NE) || !Py_IS_TYPE(other, Py_TYPE(object))) {
        Py_RETURN_NOTIMPLEMENTED;
    }
    ValueTask *left = (ValueTask *)object, *right = (ValueTask *)other;
    int same = left->kind == right->kind && identity(left) == identity(right);
    if (same && left != right && left->kind == SOURCE) {
        same = PyObject_RichCompareBool(left->extra, right->extra, Py_EQ);
        if (same < 0) {
            return NULL;
        }
    }
    return PyBool_FromLong(same == (operator == Py_EQ));
}

static Py_hash_t
value_task_hash(PyObject *self)
{
    return PyBaseObject_Type.tp_hash(identity((ValueTask *)self));
}

static PyObject *
described(ValueTask *self)
{
    switch (self->kind) {
    case RESULT:
        return PyUnicode_FromFormat("<ValueTask result=%R>", self->value);
    case FAILED:
        return PyUnicode_FromFormat("<ValueTask exception=%R>", self->value);
    case CANCELLED:
        return PyUnicode_FromString("<ValueTask cancelled>");
    case FUTURE:
        return PyUnicode_FromFormat("<ValueTask over %R>", self->value);
    case SOURCE:
        return PyUnicode_FromFormat("<ValueTask over %R token=%R>", self->value, self->extra);
    case SPENT:
        return PyUnicode_FromString("<ValueTask pooled, its result was read>");
    default:
        break;
    }
    PyObject *name = PyObject_GetAttr(self->value, self->state->str_qualname);
    if (!name) {
        return NULL;
    }
    PyObject *text = PyUnicode_FromFormat(
        "<ValueTask %s%s in %S>", self->pooled ? "pooled, " : "",
        self->driven ? "being awaited" : "suspended", name);
    Py_DECREF(name);
    return text;
}

static PyObject *
value_task_repr(PyObject *self)
{
    int entered = Py_ReprEnter(self);
    if (entered != 0) {
        return entered < 0 ? NULL : PyUnicode_FromString("...");
    }
    PyObject *text = described((ValueTask *)self);
    Py_ReprLeave(self);
    return text;
}

/* ---- the type ------------------------------------------------------------------------------ */

PyDoc_STRVAR(
    value_task_doc,
    "ValueTask(result=None)\n--\n\n"
    "An awaitable that carries a result, a failure, a future, a source, or the rest of a body.\n\n"
    "The C implementation of harness.valuetask.ValueTask: see docs/valuetask.md.");

static PyMethodDef value_task_methods[] = {
    {"__await__", iterator, METH_NOARGS | METH_COEXIST, NULL},
    {"from_future", from_future, METH_O | METH_CLASS,
     "from_future($type, future, /)\n--\n\nWrap an asyncio future or task."},
    {"from_source", (PyCFunction)(void (*)(void))from_source,
     METH_VARARGS | METH_KEYWORDS | METH_CLASS,
     "from_source($type, source, token)\n--\n\nWrap a ValueTaskSource, for one of its tokens."},
    {"from_exception", from_exception, METH_O | METH_CLASS,
     "from_exception($type, exception, /)\n--\n\nReturn a faulted one."},
    {"from_cancelled", (PyCFunction)(void (*)(void))from_cancelled,
     METH_VARARGS | METH_KEYWORDS | METH_CLASS,
     "from_cancelled($type, msg=None)\n--\n\nReturn a cancelled one."},
    {"done", done, METH_NOARGS,
     "done($self)\n--\n\nWhether it has a result or a failure; an await then never suspends."},
    {"succeeded", succeeded, METH_NOARGS,
     "succeeded($self)\n--\n\nWhether it is done with a result."},
    {"faulted", faulted, METH_NOARGS,
     "faulted($self)\n--\n\nWhether it is done with an exception, not by cancellation."},
    {"cancelled", cancelled, METH_NOARGS,
     "cancelled($self)\n--\n\nWhether it is done by cancellation."},
    {"result", result, METH_NOARGS,
     "result($self)\n--\n\nReturn the result, or raise the failure."},
    {"exception", exception, METH_NOARGS,
     "exception($self)\n--\n\nReturn the exception of a failure, None where there is a result."},
    {"as_future", as_future, METH_NOARGS,
     "as_future($self)\n--\n\nReturn the wrapped future, or one on the running loop."},
    {"preserve", preserve, METH_NOARGS,
     "preserve($self)\n--\n\nReturn one that may be awaited any number of times."},
    {"then", then, METH_O,
     "then($self, function, /)\n--\n\nReturn a ValueTask of function(result)."},
    {"__class_getitem__", Py_GenericAlias, METH_O | METH_CLASS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot value_task_slots[] = {
    {Py_tp_doc, (void *)value_task_doc},
    {Py_tp_new, value_task_make},
    {Py_tp_methods, value_task_methods},
    {Py_am_await, value_task_await},
    {Py_am_send, value_task_send},
    {Py_tp_iternext, value_task_next},
    {Py_tp_richcompare, value_task_compare},
    {Py_tp_hash, value_task_hash},
    {Py_tp_repr, value_task_repr},
    {Py_tp_traverse, value_task_traverse},
    {Py_tp_clear, value_task_clear},
    {Py_tp_finalize, value_task_finalize},
    {Py_tp_dealloc, value_task_dealloc},
    {0, NULL},
};

PyType_Spec value_task_spec = {
    .name = "harness.valuetask.ValueTask",
    .basicsize = sizeof(ValueTask),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = value_task_slots,
};
