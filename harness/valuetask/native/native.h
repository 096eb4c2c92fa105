/* What the files of the extension share.  The rules are those of docs/valuetask.md.

   value_task.c  the type: what it carries, how it is asked, awaited, handed on
   function.c    @value_task: steps a body when it is called
   rest.c        awaits the rest of a body that suspended
   source.c      ManualResetValueTaskSource
   waiter.c      awaits one that is not completed
   gathering.c   gather()
   failing.c     exceptions: taken, raised again, made of what a caller gave
   loop.c        what asyncio's loops and futures are asked
   stop.c        the StopIteration that hands a result to an await, without allocating
   module.c      the module and its state

   What needs a coroutine or waits for a source is Python and stands in the pure
   implementation, which both share (State.wait_for_source and the names beside it). */

#ifndef AWAITBENCH_NATIVE_H
#define AWAITBENCH_NATIVE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdbool.h>
#include <stddef.h>

/* Objects that died and are made again, without the allocator.  They hold no reference but the
   one to their type. */
#ifndef FREE_LIST_SIZE /* 0 where a sanitizer shall see that they are dead */
#define FREE_LIST_SIZE 256
#endif

typedef struct {
    PyObject *objects[FREE_LIST_SIZE];
    int count;
    int room; /* FREE_LIST_SIZE while the module is in use, else 0 */
} FreeList;

typedef struct {
    PyTypeObject *value_task_type;
    PyTypeObject *function_type;
    PyTypeObject *rest_type;
    PyTypeObject *source_type;
    PyTypeObject *waiter_type;
    PyTypeObject *stop_type;

    FreeList free_value_tasks;
    FreeList free_rests;
    FreeList free_waiters;
    PyObject *free_stop; /* see stop.c */

    /* asyncio's */
    PyObject *cancelled_error;
    PyObject *invalid_state_error;
    PyObject *isfuture;
    PyObject *get_running_loop;
    PyObject *future_type;
    PyObject *task_type;

    /* shared with the pure implementation */
    PyObject *wait_for_source;
    PyObject *future_of_source;
    PyObject *failure_of_source;
    PyObject *task_of_rest;
    PyObject *then_coroutine;
    PyObject *gather_others;
    PyObject *pending;
    PyObject *succeeded;
    PyObject *faulted;
    PyObject *cancelled;

    PyObject *context_names; /* ("context",) */

    /* interned names */
    PyObject *str_asyncio_future_blocking;
    PyObject *str_call_soon;
    PyObject *str_call_soon_threadsafe;
    PyObject *str_cancel;
    PyObject *str_cancelled;
    PyObject *str_close;
    PyObject *str_create_future;
    PyObject *str_done;
    PyObject *str_exception;
    PyObject *str_exception_field;
    PyObject *str_get_debug;
    PyObject *str_get_result;
    PyObject *str_get_status;
    PyObject *str_is_closed;
    PyObject *str_qualname;
    PyObject *str_result;
    PyObject *str_set_exception;
    PyObject *str_set_result;
    PyObject *str_throw;
} State;

/* What a ValueTask carries, and what its two fields hold then. */
typedef enum {
    RESULT,    /* value: the result */
    FAILED,    /* value: the exception; extra: its traceback or NULL */
    CANCELLED, /* the same, of a CancelledError */
    FUTURE,    /* value: the future */
    SOURCE,    /* value: the source; extra: the token */
    BODY,      /* value: the coroutine; extra: what it waits for, NULL before its first step */
    PENDING = BODY, /* of a source, or of one of which only that is asked */
    SPENT,     /* a pooled one whose result was handed over; no value */
} Kind;

typedef struct {
    PyObject_HEAD
    State *state; /* its type's module's, for speed */
    PyObject *value;
    PyObject *extra;
    unsigned char kind;
    bool blocking;  /* BODY: it waits for a future, which said so */
    bool driven;    /* BODY: an await of it is running, and has taken `extra` over */
    bool pooled;    /* BODY: becomes SPENT when its result is read */
    bool from_body; /* was BODY once: equal to itself alone, whatever it is now */
} ValueTask;

typedef struct {
    PyObject_HEAD
    State *state;
    PyObject *version; /* the token of the current operation, an int */
    Kind status;       /* RESULT, FAILED, CANCELLED or PENDING */
    PyObject *value;   /* the result, or the failure and its traceback */
    PyObject *traceback;
    PyObject *waits;   /* a Waiter, or a continuation to be called in `context` */
    PyObject *context;
    PyObject *loop;       /* of who waits */
    unsigned long thread; /* the same */
    PyObject *weakrefs;
} Source;

extern PyModuleDef module_definition;

/* The first interpreter's, so that to make a ValueTask there needs no look-up;
   another interpreter's type is never this one. */
extern PyTypeObject *first_type;
extern State *first_state;

/* The state of the module that TYPE, one of ours, belongs to. */
static inline State *
state_of(PyTypeObject *type)
{
    return type == first_type
               ? first_state
               : (State *)PyModule_GetState(((PyHeapTypeObject *)type)->ht_module);
}

/* As above, for an object that dies: NULL where the garbage collector took the module first. */
static inline State *
state_left(PyObject *object, State *state)
{
    return ((PyHeapTypeObject *)Py_TYPE(object))->ht_module ? state : NULL;
}

/* Return an object of TYPE, untracked: one that was kept, or else a new one. */
static inline PyObject *
object_from(FreeList *list, PyTypeObject *type)
{
    if (list->count == 0) {
        return (PyObject *)_PyObject_GC_New(type);
    }
    PyObject *object = list->objects[--list->count];
    _Py_NewReference(object);
    return object;
}

/* Keep the memory of OBJECT, which is dead and untracked, where there is room (LIST may be NULL).
   FRESH: it was never finalized; that mark stays, and the next one in its place would not be. */
static inline void
object_dropped(FreeList *list, PyObject *object, bool fresh)
{
    if (list && list->count < list->room && (fresh || !PyObject_GC_IsFinalized(object))) {
        list->objects[list->count++] = object;
        return;
    }
    PyTypeObject *type = Py_TYPE(object);
    PyObject_GC_Del(object);
    Py_DECREF(type);
}

/* A plain number or text leads nowhere: a ValueTask with such a result is in no cycle, and the
   garbage collector need not know of it. */
static inline bool
leads_somewhere(PyObject *result)
{
    return PyType_IS_GC(Py_TYPE(result));
}

/* A ValueTask of KIND; steals what it shall hold. */
static inline PyObject *
value_task_made(State *state, Kind kind, PyObject *value, PyObject *extra)
{
    ValueTask *self = (ValueTask *)object_from(&state->free_value_tasks, state->value_task_type);
    if (!self) {
        Py_DECREF(value);
        Py_XDECREF(extra);
        return NULL;
    }
    self->state = state;
    self->value = value;
    self->extra = extra;
    self->kind = (unsigned char)kind;
    self->blocking = self->driven = self->pooled = self->from_body = false;
    if (kind != RESULT || leads_somewhere(value)) {
        PyObject_GC_Track(self);
    }
    return (PyObject *)self;
}

/* A completed one; steals RESULT. */
static inline PyObject *
value_task_completed(State *state, PyObject *result)
{
    return value_task_made(state, RESULT, result, NULL);
}

/* value_task.c: those that make one steal what it shall hold, and release it on failure */
extern PyType_Spec value_task_spec;
PyObject *value_task_vectorcall(PyObject *, PyObject *const *, size_t, PyObject *);
PyObject *value_task_new(State *state, Kind kind, PyObject *value, PyObject *extra);
void value_task_becomes(ValueTask *self, Kind kind, PyObject *value, PyObject *extra);
PyObject *value_task_failed(State *state);
PyObject *value_task_await(PyObject *);
PySendResult value_task_again(State *state, ValueTask *self, PyObject **result);

/* The caller's handled exception is not the body's: while HIDDEN, nothing is being handled,
   so that a failure does not get it as its __context__. */
typedef struct {
    PyThreadState *thread;
    _PyErr_StackItem *callers;
    _PyErr_StackItem none;
} Hidden;

static inline void
hide_handled(Hidden *hidden)
{
    hidden->thread = PyThreadState_Get();
    hidden->callers = hidden->thread->exc_info;
    hidden->none.exc_value = NULL;
    hidden->none.previous_item = NULL;
    hidden->thread->exc_info = &hidden->none;
}

static inline void
show_handled(Hidden *hidden)
{
    hidden->thread->exc_info = hidden->callers;
    Py_XDECREF(hidden->none.exc_value); /* 3.11 leaves None behind after an except clause */
}

/* failing.c */
PyObject *raised(void);
void raise_again(PyObject *exception, PyObject *traceback);
void raise_back(PyObject *exception);
void close_quietly(State *state, PyObject *body);
bool escapes(PyObject *exception);
PyObject *as_runtime_error(PyObject *stop_iteration);
PyObject *exception_given(PyObject *given, const char *function);
PyObject *cancellation_given(State *state, PyObject *args, PyObject *kwargs);
PySendResult raise_given(PyObject *const *args, Py_ssize_t count);

/* loop.c */
int ask(PyObject *object, PyObject *method);
PyObject *new_future(State *state);
PyObject *cancel(State *state, PyObject *future, PyObject *exception);
int call_soon(
    State *state, PyObject *loop, PyObject *method, PyObject *function, PyObject *argument,
    PyObject *context);

/* function.c, rest.c, gathering.c */
extern PyType_Spec function_spec;
extern PyType_Spec rest_spec;
PyObject *rest_new(State *state, ValueTask *owner, bool in_task);
PyObject *rest_in_task(State *state, ValueTask *owner);
int take_mark(State *state, PyObject *yielded);
PyObject *gather(PyObject *module, PyObject *const *args, Py_ssize_t count, PyObject *names);

/* source.c, waiter.c */
extern PyType_Spec source_spec;
extern PyType_Spec waiter_spec;
int source_status(Source *self, PyObject *token);
int source_wait(Source *self, PyObject *waits, PyObject *context, PyObject *loop);
void source_forget(Source *self);
PyObject *source_get_result(PyObject *self, PyObject *token);
PyObject *waiter_new(State *state, Source *source, PyObject *token);
int waiter_wake(PyObject *self, PyObject *loop, PyObject *method);

/* stop.c */
extern PyType_Spec stop_spec;
PyObject *stop_iteration(State *state, PyObject *value);
void stop_forget(State *state);
PyObject *handed(State *state, PySendResult sent, PyObject *result);
PyObject *handed_by_method(PySendResult sent, PyObject *result);

#endif
