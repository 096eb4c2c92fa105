/* The module: its state, which is its own in each interpreter, and what it offers. */

#include "native.h"

PyTypeObject *first_type;
State *first_state;

/* ---- state ------------------------------------------------------------------------------------ */

typedef struct {
    const char *module, *attribute;
    size_t offset;
} Import;

#define FIELD(name) offsetof(State, name)

static const Import imports[] = {
    {"asyncio", "CancelledError", FIELD(cancelled_error)},
    {"asyncio", "InvalidStateError", FIELD(invalid_state_error)},
    {"asyncio", "isfuture", FIELD(isfuture)},
    {"asyncio", "get_running_loop", FIELD(get_running_loop)},
    {"asyncio", "Future", FIELD(future_type)},
    {"asyncio", "Task", FIELD(task_type)},
    {"harness.valuetask.sources", "wait_for_source", FIELD(wait_for_source)},
    {"harness.valuetask.sources", "future_of_source", FIELD(future_of_source)},
    {"harness.valuetask.sources", "failure_of_source", FIELD(failure_of_source)},
    {"harness.valuetask.body", "task_of_rest", FIELD(task_of_rest)},
    {"harness.valuetask.body", "then_coroutine", FIELD(then_coroutine)},
    {"harness.valuetask.gathering", "gather_others", FIELD(gather_others)},
};

static const struct {
    const char *member;
    size_t offset;
} statuses[] = {
    {"PENDING", FIELD(pending)},
    {"SUCCEEDED", FIELD(succeeded)},
    {"FAULTED", FIELD(faulted)},
    {"CANCELLED", FIELD(cancelled)},
};

static const struct {
    const char *text;
    size_t offset;
} names[] = {
    {"_asyncio_future_blocking", FIELD(str_asyncio_future_blocking)},
    {"call_soon", FIELD(str_call_soon)},
    {"call_soon_threadsafe", FIELD(str_call_soon_threadsafe)},
    {"cancel", FIELD(str_cancel)},
    {"cancelled", FIELD(str_cancelled)},
    {"close", FIELD(str_close)},
    {"create_future", FIELD(str_create_future)},
    {"done", FIELD(str_done)},
    {"exception", FIELD(str_exception)},
    {"_exception", FIELD(str_exception_field)},
    {"get_debug", FIELD(str_get_debug)},
    {"get_result", FIELD(str_get_result)},
    {"get_status", FIELD(str_get_status)},
    {"is_closed", FIELD(str_is_closed)},
    {"__qualname__", FIELD(str_qualname)},
    {"result", FIELD(str_result)},
    {"set_exception", FIELD(str_set_exception)},
    {"set_result", FIELD(str_set_result)},
    {"throw", FIELD(str_throw)},
};

static PyObject **
field(State *state, size_t offset)
{
    return (PyObject **)((char *)state + offset);
}

static int
import_all(State *state)
{
    for (size_t i = 0; i < Py_ARRAY_LENGTH(imports); i++) {
        PyObject *module = PyImport_ImportModule(imports[i].module);
        if (!module) {
            return -1;
        }
        PyObject *found = PyObject_GetAttrString(module, imports[i].attribute);
        Py_DECREF(module);
        if (!found) {
            return -1;
        }
        *field(state, imports[i].offset) = found;
    }
    PyObject *sources = PyImport_ImportModule("harness.valuetask.sources");
    PyObject *status = sources ? PyObject_GetAttrString(sources, "ValueTaskSourceStatus") : NULL;
    Py_XDECREF(sources);
    for (size_t i = 0; status && i < Py_ARRAY_LENGTH(statuses); i++) {
        PyObject *member = PyObject_GetAttrString(status, statuses[i].member);
        if (!member) {
            Py_CLEAR(status);
            break;
        }
        *field(state, statuses[i].offset) = member;
    }
    Py_XDECREF(status);
    return status ? 0 : -1;
}

static int
intern_names(State *state)
{
    for (size_t i = 0; i < Py_ARRAY_LENGTH(names); i++) {
        PyObject *text = PyUnicode_InternFromString(names[i].text);
        if (!text) {
            return -1;
        }
        *field(state, names[i].offset) = text;
    }
    return 0;
}

static PyTypeObject *
make_type(PyObject *module, PyType_Spec *spec)
{
    return (PyTypeObject *)PyType_FromModuleAndSpec(module, spec, NULL);
}

static int
module_exec(PyObject *module)
{
    State *state = PyModule_GetState(module);
    if (import_all(state) < 0 || intern_names(state) < 0
        || !(state->value_task_type = make_type(module, &value_task_spec))
        || !(state->function_type = make_type(module, &function_spec))
        || !(state->rest_type = make_type(module, &rest_spec))
        || !(state->source_type = make_type(module, &source_spec))
        || !(state->waiter_type = make_type(module, &waiter_spec))
        || !(state->stop_type = (PyTypeObject *)PyType_FromModuleAndSpec(
                 module, &stop_spec, PyExc_StopIteration))
        || !(state->context_names = Py_BuildValue("(s)", "context"))) {
        return -1;
    }
    state->free_value_tasks.room = FREE_LIST_SIZE;
    state->free_rests.room = FREE_LIST_SIZE;
    state->free_waiters.room = FREE_LIST_SIZE;
    if (!first_type) {
        first_state = state;
        first_type = state->value_task_type;
    }
    /* Without it a call makes a tuple of its arguments first.  A slot only since 3.14. */
    state->value_task_type->tp_vectorcall = value_task_vectorcall;
    PyObject *all = Py_BuildValue(
        "(ssss)", "Function", "ManualResetValueTaskSource", "ValueTask", "gather");
    if (!all || PyModule_AddObjectRef(module, "__all__", all) < 0) {
        Py_XDECREF(all);
        return -1;
    }
    Py_DECREF(all);
    return PyModule_AddType(module, state->value_task_type) < 0
                   || PyModule_AddType(module, state->function_type) < 0
                   || PyModule_AddType(module, state->source_type) < 0
               ? -1
               : 0;
}

/* What is on a free list holds a reference to its type. */
static int
free_list_traverse(FreeList *list, visitproc visit, void *arg)
{
    for (int i = 0; i < list->count; i++) {
        Py_VISIT(Py_TYPE(list->objects[i]));
    }
    return 0;
}

static void
free_list_close(FreeList *list)
{
    list->room = 0;
    while (list->count > 0) {
        PyObject *object = list->objects[--list->count];
        PyTypeObject *type = Py_TYPE(object);
        PyObject_GC_Del(object);
        Py_DECREF(type);
    }
}

static int
module_traverse(PyObject *module, visitproc visit, void *arg)
{
    State *state = PyModule_GetState(module);
    Py_VISIT(state->value_task_type);
    Py_VISIT(state->function_type);
    Py_VISIT(state->rest_type);
    Py_VISIT(state->source_type);
    Py_VISIT(state->waiter_type);
    Py_VISIT(state->context_names);
    Py_VISIT(state->stop_type);
    if (state->free_stop) {
        Py_VISIT(Py_TYPE(state->free_stop));
    }
    int visited = free_list_traverse(&state->free_value_tasks, visit, arg);
    if (visited == 0) {
        visited = free_list_traverse(&state->free_rests, visit, arg);
    }
    if (visited == 0) {
        visited = free_list_traverse(&state->free_waiters, visit, arg);
    }
    if (visited != 0) {
        return visited;
    }
    for (size_t i = 0; i < Py_ARRAY_LENGTH(imports); i++) {
        Py_VISIT(*field(state, imports[i].offset));
    }
    for (size_t i = 0; i < Py_ARRAY_LENGTH(statuses); i++) {
        Py_VISIT(*field(state, statuses[i].offset));
    }
    return 0;
}

static int
module_clear(PyObject *module)
{
    State *state = PyModule_GetState(module);
    if (first_state == state) {
        first_type = NULL;
        first_state = NULL;
    }
    free_list_close(&state->free_value_tasks);
    free_list_close(&state->free_rests);
    free_list_close(&state->free_waiters);
    Py_CLEAR(state->value_task_type);
    Py_CLEAR(state->function_type);
    Py_CLEAR(state->rest_type);
    Py_CLEAR(state->source_type);
    Py_CLEAR(state->waiter_type);
    Py_CLEAR(state->context_names);
    stop_forget(state);
    Py_CLEAR(state->stop_type);
    for (size_t i = 0; i < Py_ARRAY_LENGTH(imports); i++) {
        Py_CLEAR(*field(state, imports[i].offset));
    }
    for (size_t i = 0; i < Py_ARRAY_LENGTH(statuses); i++) {
        Py_CLEAR(*field(state, statuses[i].offset));
    }
    for (size_t i = 0; i < Py_ARRAY_LENGTH(names); i++) {
        Py_CLEAR(*field(state, names[i].offset));
    }
    return 0;
}

static void
module_free(void *module)
{
    module_clear((PyObject *)module);
}

static PyMethodDef module_methods[] = {
    {"gather", (PyCFunction)(void (*)(void))gather, METH_FASTCALL | METH_KEYWORDS,
     "gather($module, /, *value_tasks, return_exceptions=False)\n--\n\n"
     "Return the ValueTask of all results, in the order given; done at once where all are."},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot module_slots[] = {
    {Py_mod_exec, module_exec},
#if PY_VERSION_HEX >= 0x030C0000
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
#endif
    {0, NULL},
};

PyModuleDef module_definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "harness.valuetask._native",
    .m_doc = "The C implementation of harness.valuetask; import it from harness.valuetask.",
    .m_size = sizeof(State),
    .m_methods = module_methods,
    .m_slots = module_slots,
    .m_traverse = module_traverse,
    .m_clear = module_clear,
    .m_free = module_free,
};

PyMODINIT_FUNC
PyInit__native(void)
{
    return PyModuleDef_Init(&module_definition);
}
