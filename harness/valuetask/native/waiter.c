/* Waiter: one await of a ManualResetValueTaskSource that is not completed.

   It is the iterator of that await and what it yields: an object that keeps asyncio's future
   protocol, which is all that a Task asks for.  So no Future is made, and the Task is called by
   the loop without anything in between.  (A source of another kind is awaited by
   wait_for_source() in harness/valuetask/protocol.py.) */

#include "native.h"

typedef enum { NEW, YIELDED, OVER } Stage;

typedef struct {
    PyObject_HEAD
    State *state;
    Source *source;
    PyObject *token;
    PyObject *callback; /* of the Task that waits, to be called in */
    PyObject *context;
    PyObject *loop;
    PyObject *failure; /* what ended the wait in place of the source */
    unsigned char stage;
    bool ended;    /* the Task was told, or need not be */
    bool blocking; /* _asyncio_future_blocking */
} Waiter;

PyObject *
waiter_new(State *state, Source *source, PyObject *token)
{
    Waiter *self = (Waiter *)object_from(&state->free_waiters, state->waiter_type);
    if (!self) {
        return NULL;
    }
    self->state = state;
    self->source = (Source *)Py_NewRef(source);
    self->token = Py_NewRef(token);
    self->callback = self->context = self->loop = self->failure = NULL;
    self->stage = NEW;
    self->ended = self->blocking = false;
    PyObject_GC_Track(self);
    return (PyObject *)self;
}

/* ---- the future protocol ------------------------------------------------------------------------- */

static int
call_back(Waiter *self, PyObject *loop, PyObject *method)
{
    PyObject *callback = Py_NewRef(self->callback), *context = Py_NewRef(self->context);
    int called = call_soon(self->state, loop, method, callback, (PyObject *)self, context);
    Py_DECREF(callback);
    Py_DECREF(context);
    return called;
}

/* The source was completed, or reset: call the Task back. */
int
waiter_wake(PyObject *object, PyObject *loop, PyObject *method)
{
    Waiter *self = (Waiter *)object;
    if (self->ended || !self->callback) {
        return 0;
    }
    self->ended = true; /* before that: it may be awake when METHOD returns */
    if (call_back(self, loop, method) < 0) {
        self->ended = false;
        return -1;
    }
    return 0;
}

static void
free_source(Waiter *self)
{
    if (self->source && self->source->waits == (PyObject *)self) {
        source_forget(self->source);
    }
}

/* Do not wake the Task any more, and free the source for another. */
static void
leave(Waiter *self)
{
    self->stage = OVER;
    self->ended = true;
    free_source(self);
    Py_CLEAR(self->callback);
    Py_CLEAR(self->context);
}

static PyObject *
get_loop(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    PyObject *loop = ((Waiter *)self)->loop;
    return loop ? Py_NewRef(loop)
                : PyObject_CallNoArgs(((Waiter *)self)->state->get_running_loop);
}

/* Take the source's one place, now that a Task waits.  It raises nothing of the source's: a Task
   that got an exception here would never be stepped again; it is told when it is called back. */
static int
take_place(Waiter *self)
{
    int status = source_status(self->source, self->token);
    if (self->stage == OVER) { /* closed by the code of a token of its own */
        PyErr_Clear();
        return 0;
    }
    if (status == PENDING && source_wait(self->source, (PyObject *)self, NULL, self->loop) == 0) {
        return 0;
    }
    if (PyErr_Occurred()) {
        Py_XSETREF(self->failure, raised());
    }
    self->ended = true;
    return call_back(self, self->loop, self->state->str_call_soon);
}

/* add_done_callback(callback, *, context=None) */
static PyObject *
add_done_callback(PyObject *object, PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    Waiter *self = (Waiter *)object;
    Py_ssize_t named = names ? PyTuple_GET_SIZE(names) : 0;
    if (count != 1 || named > 1
        || (named == 1
            && PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(names, 0), "context") != 0)) {
        PyErr_SetString(PyExc_TypeError, "add_done_callback() takes a callback and a context");
        return NULL;
    }
    PyObject *callback = args[0], *context = named ? args[1] : NULL;
    if (self->callback || self->stage == OVER) {
        PyErr_SetString(
            self->state->invalid_state_error, "one Task waits for a ValueTask at a time");
        return NULL;
    }
    PyObject *loop = PyObject_CallNoArgs(self->state->get_running_loop);
    context = !context || context == Py_None ? PyContext_CopyCurrent() : Py_NewRef(context);
    if (!loop || !context) {
        Py_XDECREF(loop);
        Py_XDECREF(context);
        return NULL;
    }
    self->callback = Py_NewRef(callback);
    self->context = context;
    Py_XSETREF(self->loop, loop);
    int done = self->ended ? call_back(self, loop, self->state->str_call_soon)
                           : take_place(self);
    if (done < 0) {
        return NULL;
    }
    Py_RETURN_NONE;
}

/* Whether the source is completed; a stale token is WHEN_STALE. */
static int
is_over(Waiter *self, bool when_stale)
{
    int status = source_status(self->source, self->token);
    if (status >= 0) {
        return status != PENDING;
    }
    if (!PyErr_ExceptionMatches(self->state->invalid_state_error)) {
        return -1;
    }
    PyErr_Clear();
    return when_stale;
}

/* Give up waiting; False where the source is completed. */
static PyObject *
cancel_waiting(PyObject *object, PyObject *args, PyObject *kwargs)
{
    Waiter *self = (Waiter *)object;
    int over = self->ended ? 1 : is_over(self, false);
    if (over != 0) {
        return over < 0 ? NULL : Py_NewRef(Py_False);
    }
    PyObject *cancellation = cancellation_given(self->state, args, kwargs);
    if (!cancellation) {
        return NULL;
    }
    Py_XSETREF(self->failure, cancellation);
    self->ended = true;
    free_source(self);
    if (self->callback && call_back(self, self->loop, self->state->str_call_soon) < 0) {
        return NULL;
    }
    Py_RETURN_TRUE;
}

static PyObject *
waiter_done(PyObject *object, PyObject *Py_UNUSED(ignored))
{
    Waiter *self = (Waiter *)object;
    int over = self->ended ? 1 : is_over(self, true);
    return over < 0 ? NULL : PyBool_FromLong(over);
}

/* Raise what ended the wait in place of the source; the source has the answer. */
static int
raise_failure(Waiter *self)
{
    PyObject *failure = self->failure;
    if (!failure) {
        return 0;
    }
    self->failure = NULL;
    raise_again(failure, NULL);
    Py_DECREF(failure);
    return -1;
}

static PyObject *
waiter_result(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    if (raise_failure((Waiter *)self) < 0) {
        return NULL;
    }
    Py_RETURN_NONE;
}

static PyObject *
get_blocking(PyObject *self, void *Py_UNUSED(ignored))
{
    return PyBool_FromLong(((Waiter *)self)->blocking);
}

static int
set_blocking(PyObject *self, PyObject *value, void *Py_UNUSED(ignored))
{
    int blocking = value ? PyObject_IsTrue(value) : 0;
    if (blocking < 0) {
        return -1;
    }
    ((Waiter *)self)->blocking = blocking;
    return 0;
}

/* ---- the iterator --------------------------------------------------------------------------------- */

/* StopIteration cannot leave an await: it becomes the cause of a RuntimeError. */
static PyObject *
read_source(Waiter *self)
{
    PyObject *result = source_get_result((PyObject *)self->source, self->token);
    if (!result && PyErr_ExceptionMatches(PyExc_StopIteration)) {
        PyObject *stop = raised();
        PyObject *error = as_runtime_error(stop);
        Py_DECREF(stop);
        if (error) {
            raise_again(error, NULL);
            Py_DECREF(error);
        }
    }
    return result;
}

static PySendResult
waiter_send(PyObject *object, PyObject *Py_UNUSED(sent), PyObject **result)
{
    Waiter *self = (Waiter *)object;
    *result = NULL;
    if (self->stage == OVER) {
        PyErr_SetString(PyExc_RuntimeError, "this await of a ValueTask has ended");
        return PYGEN_ERROR;
    }
    if (self->stage == NEW && source_status(self->source, self->token) == PENDING) {
        self->stage = YIELDED;
        self->blocking = true;
        *result = Py_NewRef(object);
        return PYGEN_NEXT;
    }
    leave(self);
    if (PyErr_Occurred() || raise_failure(self) < 0) {
        return PYGEN_ERROR;
    }
    *result = read_source(self);
    return *result ? PYGEN_RETURN : PYGEN_ERROR;
}

static PyObject *
waiter_next(PyObject *self)
{
    PyObject *result;
    PySendResult sent = waiter_send(self, Py_None, &result);
    return handed(((Waiter *)self)->state, sent, result);
}

static PyObject *
waiter_send_method(PyObject *self, PyObject *value)
{
    PyObject *result;
    PySendResult sent = waiter_send(self, value, &result);
    return handed_by_method(sent, result);
}

static PyObject *
waiter_throw(PyObject *object, PyObject *const *args, Py_ssize_t count)
{
    if (count < 1 || count > 3) {
        return PyErr_Format(PyExc_TypeError, "throw() takes 1 to 3 arguments, got %zd", count);
    }
    leave((Waiter *)object);
    raise_given(args, count);
    return NULL;
}

static PyObject *
waiter_close(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    leave((Waiter *)self);
    Py_RETURN_NONE;
}

/* ---- the type ---------------------------------------------------------------------------------------- */

static int
waiter_traverse(PyObject *object, visitproc visit, void *arg)
{
    Waiter *self = (Waiter *)object;
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(self->source);
    Py_VISIT(self->token);
    Py_VISIT(self->callback);
    Py_VISIT(self->context);
    Py_VISIT(self->loop);
    Py_VISIT(self->failure);
    return 0;
}

static int
waiter_clear(PyObject *object)
{
    Waiter *self = (Waiter *)object;
    self->stage = OVER;
    self->ended = true;
    Py_CLEAR(self->callback);
    Py_CLEAR(self->context);
    Py_CLEAR(self->loop);
    Py_CLEAR(self->failure);
    return 0; /* not the source: whoever steps or asks this must find it */
}

static void
waiter_dealloc(PyObject *object)
{
    Waiter *self = (Waiter *)object;
    PyObject_GC_UnTrack(object);
    waiter_clear(object);
    Py_CLEAR(self->source);
    Py_CLEAR(self->token);
    State *state = state_left(object, self->state);
    object_dropped(state ? &state->free_waiters : NULL, object, true);
}

static PyObject *
waiter_repr(PyObject *object)
{
    Waiter *self = (Waiter *)object;
    return PyUnicode_FromFormat("<Waiter for %R token=%R>", self->source, self->token);
}

static PyMethodDef waiter_methods[] = {
    {"get_loop", get_loop, METH_NOARGS, NULL},
    {"add_done_callback", (PyCFunction)(void (*)(void))add_done_callback,
     METH_FASTCALL | METH_KEYWORDS, NULL},
    {"cancel", (PyCFunction)(void (*)(void))cancel_waiting, METH_VARARGS | METH_KEYWORDS, NULL},
    {"done", waiter_done, METH_NOARGS, NULL},
    {"result", waiter_result, METH_NOARGS, NULL},
    {"send", waiter_send_method, METH_O, NULL},
    {"throw", (PyCFunction)(void (*)(void))waiter_throw, METH_FASTCALL, NULL},
    {"close", waiter_close, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef waiter_getset[] = {
    {"_asyncio_future_blocking", get_blocking, set_blocking, NULL, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot waiter_slots[] = {
    {Py_tp_methods, waiter_methods},
    {Py_tp_getset, waiter_getset},
    {Py_tp_iter, PyObject_SelfIter},
    {Py_tp_iternext, waiter_next},
    {Py_am_send, waiter_send},
    {Py_tp_repr, waiter_repr},
    {Py_tp_traverse, waiter_traverse},
    {Py_tp_clear, waiter_clear},
    {Py_tp_dealloc, waiter_dealloc},
    {0, NULL},
};

PyType_Spec waiter_spec = {
    .name = "harness.valuetask._native.Waiter",
    .basicsize = sizeof(Waiter),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE
             | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = waiter_slots,
};
