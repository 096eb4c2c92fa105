/* Rest: one run of the rest of a body that suspended.  An await of it runs inside whoever awaits:
   each step of it is a step of the body, and what the body yields goes up to the Task unseen.

   The body was stepped once by hand, so that what it yielded then is still owed to the Task:
   FIRST yields it.  PRIMED is for as_future(), where a coroutine of its own awaits this in a
   Task: a Task that is cancelled before its first step throws into a coroutine that has not
   begun, which then never runs.  This one begins before the Task is made, up to one yield of
   ours; the cancellation arrives at FIRST, which can tell the body where it is.

   (A Task takes this itself for a coroutine.  But it remembers its type for ever: in 3.11 in a
   set that all interpreters share, later in one that outlives an interpreter.) */

#include "native.h"

typedef enum { PRIMED, FIRST, GOING, ENDED } Stage;

typedef struct {
    PyObject_HEAD
    State *state;
    ValueTask *owner;    /* whose rest this is */
    PyObject *body;      /* what is stepped */
    PyObject *waits_for; /* until FIRST has yielded it; NULL where the body has not begun */
    unsigned char stage;
    bool blocking; /* waits_for is a future, which said so */
    bool claimed; /* this is the await that runs */
    bool running; /* it is being stepped, or closed */
} Rest;

/* Whether YIELDED is a future that says, as asyncio's do, that it is to be waited for; -1 with an
   exception.  Only the Task that receives it from a yield takes this mark away; left set, it kills
   the next one that awaits the same future. */
int
take_mark(State *state, PyObject *yielded)
{
    if (yielded == Py_None) {
        return 0;
    }
    PyObject *mark = PyObject_GetAttr(yielded, state->str_asyncio_future_blocking);
    if (!mark) {
        if (!PyErr_ExceptionMatches(PyExc_AttributeError)) {
            return -1;
        }
        PyErr_Clear();
        return 0;
    }
    int blocking = PyObject_IsTrue(mark);
    Py_DECREF(mark);
    if (blocking > 0
        && PyObject_SetAttr(yielded, state->str_asyncio_future_blocking, Py_False) < 0) {
        return -1;
    }
    return blocking;
}

PyObject *
rest_new(State *state, ValueTask *owner, bool in_task)
{
    Rest *self = (Rest *)object_from(&state->free_rests, state->rest_type);
    if (!self) {
        return NULL;
    }
    self->state = state;
    self->owner = (ValueTask *)Py_NewRef(owner);
    self->body = Py_XNewRef(owner->value);
    self->waits_for = NULL;
    self->stage = in_task ? PRIMED : FIRST;
    self->blocking = self->claimed = self->running = false;
    PyObject_GC_Track(self);
    return (PyObject *)self;
}

/* Be the one await that runs, or say that there is one. */
static int
claim(Rest *self)
{
    ValueTask *owner = self->owner;
    if (owner->driven) {
        PyErr_Format(
            PyExc_RuntimeError,
            "%R cannot be awaited twice at once; preserve() it before the first await", owner);
        return -1;
    }
    self->claimed = owner->driven = true;
    self->waits_for = owner->extra;
    self->blocking = owner->blocking;
    owner->extra = NULL;
    return 0;
}

/* Let one Task run the rest of the body, and the owner be a ValueTask over it. */
PyObject *
rest_in_task(State *state, ValueTask *owner)
{
    PyObject *self = rest_new(state, owner, true);
    PyObject *task
        = self ? PyObject_CallFunctionObjArgs(state->task_of_rest, self, owner->value, NULL)
               : NULL;
    Py_XDECREF(self);
    if (task && owner->kind == BODY) { /* it is not over yet, as it is with an eager Task */
        if (owner->pooled) {
            value_task_becomes(owner, SPENT, NULL, NULL);
        }
        else {
            value_task_becomes(owner, FUTURE, Py_NewRef(task), NULL);
        }
    }
    return task;
}

/* ---- its end ------------------------------------------------------------------------------- */

static void
end(Rest *self)
{
    self->stage = ENDED;
    Py_CLEAR(self->body);
    Py_CLEAR(self->owner);
    Py_CLEAR(self->waits_for);
}

/* The owner becomes KIND, unless a Task carries its outcome already. */
static void
keep(Rest *self, Kind kind, PyObject *value, PyObject *traceback)
{
    ValueTask *owner = self->owner;
    if (!self->claimed || !owner || owner->kind != BODY) {
        return;
    }
    if (owner->pooled) {
        value_task_becomes(owner, SPENT, NULL, NULL);
    }
    else {
        value_task_becomes(owner, kind, Py_NewRef(value), Py_XNewRef(traceback));
    }
}

/* The raised exception is what came of the body. */
static PySendResult
end_failed(State *state, Rest *self)
{
    PyObject *exception = raised();
    PyObject *traceback = PyException_GetTraceback(exception);
    int cancelled = PyErr_GivenExceptionMatches(exception, state->cancelled_error);
    keep(self, cancelled ? CANCELLED : FAILED, exception, traceback);
    end(self);
    raise_again(exception, traceback);
    Py_XDECREF(traceback);
    Py_DECREF(exception);
    return PYGEN_ERROR;
}

/* Pass on what a step of the body gave. */
static PySendResult
after_step(State *state, Rest *self, PySendResult sent, PyObject **result)
{
    if (sent == PYGEN_RETURN) {
        keep(self, RESULT, *result, NULL);
        end(self);
    }
    else if (sent == PYGEN_ERROR) {
        return end_failed(state, self);
    }
    return sent;
}

/* ---- its steps ------------------------------------------------------------------------------ */

/* What a step runs may not step or close this too, as with a generator: it holds what the step
   uses. */
static int
begin_running(Rest *self)
{
    if (self->running) {
        PyErr_SetString(PyExc_ValueError, "this await of a ValueTask is running already");
        return -1;
    }
    self->running = true;
    return 0;
}

static PySendResult
step(State *state, Rest *self, PyObject *sent, PyObject **result)
{
    return after_step(state, self, PyIter_Send(self->body, sent, result), result);
}

/* Another await ended before this one began: give what came of it. */
static PySendResult
step_another(State *state, Rest *self, PyObject **result)
{
    ValueTask *owner = self->owner;
    if (owner->kind == FUTURE) {
        PyObject *awaiting = value_task_await((PyObject *)owner);
        if (!awaiting) {
            return PYGEN_ERROR;
        }
        Py_SETREF(self->body, awaiting);
        self->stage = GOING;
        return step(state, self, Py_None, result);
    }
    PySendResult sent = value_task_again(state, owner, result);
    end(self);
    return sent;
}

/* Yield again what the body waits for, where it still has to wait. */
static PySendResult
step_first(State *state, Rest *self, PyObject **result)
{
    if (!self->claimed) {
        if (self->owner->kind != BODY) {
            return step_another(state, self, result);
        }
        if (claim(self) < 0) {
            return PYGEN_ERROR;
        }
    }
    self->stage = GOING;
    if (!self->waits_for) {
        return step(state, self, Py_None, result); /* a then(), which has not begun */
    }
    if (self->blocking) {
        int over = ask(self->waits_for, state->str_done);
        if (over == 0) {
            /* The Task takes this mark for "wait for it"; it was taken away after the step by
               hand. */
            over = PyObject_SetAttr(
                self->waits_for, state->str_asyncio_future_blocking, Py_True);
        }
        if (over < 0) {
            return end_failed(state, self);
        }
        if (over > 0) {
            Py_CLEAR(self->waits_for);
            return step(state, self, Py_None, result);
        }
    }
    *result = self->waits_for;
    self->waits_for = NULL;
    return PYGEN_NEXT;
}

static PySendResult
step_any(State *state, Rest *self, PyObject *sent, PyObject **result)
{
    switch (self->stage) {
    case PRIMED:
        if (claim(self) < 0) {
            return PYGEN_ERROR;
        }
        self->stage = FIRST;
        *result = Py_NewRef(Py_None);
        return PYGEN_NEXT;
    case FIRST:
        return step_first(state, self, result);
    case GOING:
        return step(state, self, sent, result);
    default:
        PyErr_SetString(PyExc_RuntimeError, "this await of a ValueTask has ended");
        return PYGEN_ERROR;
    }
}

static PySendResult
rest_send(PyObject *object, PyObject *sent, PyObject **result)
{
    Rest *self = (Rest *)object;
    *result = NULL;
    if (begin_running(self) < 0) {
        return PYGEN_ERROR;
    }
    PySendResult stepped = step_any(self->state, self, sent, result);
    self->running = false;
    return stepped;
}

static PyObject *
rest_next(PyObject *self)
{
    PyObject *result;
    PySendResult sent = rest_send(self, Py_None, &result);
    return handed(((Rest *)self)->state, sent, result);
}

static PyObject *
rest_send_method(PyObject *self, PyObject *value)
{
    PyObject *result;
    PySendResult sent = rest_send(self, value, &result);
    return handed_by_method(sent, result);
}

/* ---- throw(), close() ----------------------------------------------------------------------- */

/* Call body.throw(*ARGS); a StopIteration is the body's end. */
static PySendResult
throw_into(State *state, Rest *self, PyObject *const *args, Py_ssize_t count, PyObject **result)
{
    PyObject *method = PyObject_GetAttr(self->body, state->str_throw);
    if (!method) {
        return end_failed(state, self);
    }
    *result = PyObject_Vectorcall(method, args, count, NULL);
    Py_DECREF(method);
    if (*result) {
        return PYGEN_NEXT;
    }
    if (!PyErr_ExceptionMatches(PyExc_StopIteration)) {
        return end_failed(state, self);
    }
    PyObject *stop = raised();
    *result = Py_XNewRef(((PyStopIterationObject *)stop)->value);
    if (!*result) {
        *result = Py_NewRef(Py_None);
    }
    Py_DECREF(stop);
    return after_step(state, self, PYGEN_RETURN, result);
}

/* Whether the future that the body waits for takes the cancellation EXCEPTION in place of its
   waiter, as it does for a Task; -1 with an exception. */
static int
cancels(State *state, Rest *self, PyObject *exception)
{
    if (!self->blocking || !PyExceptionInstance_Check(exception)
        || !PyErr_GivenExceptionMatches(exception, state->cancelled_error)) {
        return 0;
    }
    PyObject *answer = cancel(state, self->waits_for, exception);
    if (!answer) {
        return -1;
    }
    int taken = PyObject_IsTrue(answer);
    Py_DECREF(answer);
    return taken;
}

/* The Task was cancelled before its first step: let the body see it where it stands. */
static PySendResult
throw_first(State *state, Rest *self, PyObject *const *args, Py_ssize_t count, PyObject **result)
{
    if (!self->waits_for) { /* a then() begins, so that it can be told */
        PySendResult sent = PyIter_Send(self->body, Py_None, result);
        if (sent != PYGEN_NEXT) {
            return after_step(state, self, sent, result);
        }
        self->waits_for = *result;
        *result = NULL;
        int blocking = take_mark(state, self->waits_for);
        if (blocking < 0) {
            return end_failed(state, self);
        }
        self->blocking = blocking;
    }
    int taken = cancels(state, self, args[0]);
    if (taken < 0) {
        return end_failed(state, self);
    }
    if (taken) {
        return step_first(state, self, result);
    }
    self->stage = GOING;
    Py_CLEAR(self->waits_for);
    return throw_into(state, self, args, count, result);
}

static PyObject *
rest_throw(PyObject *object, PyObject *const *args, Py_ssize_t count)
{
    Rest *self = (Rest *)object;
    State *state = self->state;
    if (count < 1 || count > 3) {
        return PyErr_Format(PyExc_TypeError, "throw() takes 1 to 3 arguments, got %zd", count);
    }
    if (!PyExceptionInstance_Check(args[0]) && !PyExceptionClass_Check(args[0])) {
        raise_given(args, count); /* the body goes on */
        return NULL;
    }
    if (begin_running(self) < 0) {
        return NULL;
    }
    PyObject *result = NULL;
    PySendResult sent;
    if (self->stage == GOING) {
        sent = throw_into(state, self, args, count, &result);
    }
    else if (self->stage == FIRST && self->claimed) { /* it was PRIMED: a Task's */
        sent = throw_first(state, self, args, count, &result);
    }
    else {
        self->stage = ENDED; /* it has not begun: neither did the body go on */
        sent = raise_given(args, count);
    }
    self->running = false;
    return handed_by_method(sent, result);
}

/* Whoever awaited is closed: so is the body. */
static int
close_body(State *state, Rest *self)
{
    PyObject *closed = PyObject_CallMethodNoArgs(self->body, state->str_close);
    if (!closed) {
        end_failed(state, self);
        return -1;
    }
    Py_DECREF(closed);
    PyObject *exit = PyObject_CallNoArgs(PyExc_GeneratorExit);
    if (!exit) {
        return -1;
    }
    keep(self, FAILED, exit, NULL);
    end(self);
    Py_DECREF(exit);
    return 0;
}

static PyObject *
rest_close(PyObject *object, PyObject *Py_UNUSED(ignored))
{
    Rest *self = (Rest *)object;
    if (begin_running(self) < 0) {
        return NULL;
    }
    int closed = 0;
    if (!self->claimed || self->stage == ENDED) {
        self->stage = ENDED; /* it has not begun, or it is over */
    }
    else {
        closed = close_body(self->state, self);
    }
    self->running = false;
    return closed < 0 ? NULL : Py_NewRef(Py_None);
}

/* ---- the type -------------------------------------------------------------------------------- */

static int
rest_traverse(PyObject *object, visitproc visit, void *arg)
{
    Rest *self = (Rest *)object;
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(self->owner);
    Py_VISIT(self->body);
    Py_VISIT(self->waits_for);
    return 0;
}

static int
rest_clear(PyObject *object)
{
    end((Rest *)object);
    return 0;
}

/* Dropped half-way, which only happens to one that is stepped by hand. */
static void
rest_finalize(PyObject *object)
{
    Rest *self = (Rest *)object;
    if (self->stage == ENDED || !self->claimed) {
        return;
    }
    PyObject *pending = raised();
    PyObject *closed = rest_close(object, NULL);
    if (!closed) {
        PyErr_WriteUnraisable(object);
    }
    Py_XDECREF(closed);
    raise_back(pending);
}

static void
rest_dealloc(PyObject *object)
{
    Rest *self = (Rest *)object;
    State *state = state_left(object, self->state);
    if (self->claimed && self->stage != ENDED && PyObject_CallFinalizerFromDealloc(object) < 0) {
        return;
    }
    PyObject_GC_UnTrack(object);
    end(self);
    object_dropped(state ? &state->free_rests : NULL, object, false);
}

static PyMethodDef rest_methods[] = {
    {"send", rest_send_method, METH_O, NULL},
    {"throw", (PyCFunction)(void (*)(void))rest_throw, METH_FASTCALL, NULL},
    {"close", rest_close, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot rest_slots[] = {
    {Py_tp_methods, rest_methods},
    {Py_tp_iter, PyObject_SelfIter},
    {Py_tp_iternext, rest_next},
    {Py_am_await, PyObject_SelfIter},
    {Py_am_send, rest_send},
    {Py_tp_traverse, rest_traverse},
    {Py_tp_clear, rest_clear},
    {Py_tp_finalize, rest_finalize},
    {Py_tp_dealloc, rest_dealloc},
    {0, NULL},
};

PyType_Spec rest_spec = {
    .name = "harness.valuetask._native.Rest",
    .basicsize = sizeof(Rest),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE
             | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = rest_slots,
};
