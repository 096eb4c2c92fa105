/* Counts what CPython's allocators are asked for: an independent check of memray's counts.

   The hooks sit in all three domains (https://docs.python.org/3/c-api/memory.html#customize-memory-allocators).
   pymalloc hands requests of more than 512 bytes down to the raw domain: a call inside of
   another one, on the same thread, is the same block, and not counted again. A reallocation is
   one allocation. Blocks that C libraries allocate by themselves are not seen. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

static PyMemAllocatorEx below[3];
static long long calls, bytes;
static _Thread_local int depth;

static void
count(size_t size)
{
    if (depth == 0) {
        __atomic_add_fetch(&calls, 1, __ATOMIC_RELAXED);
        __atomic_add_fetch(&bytes, (long long)size, __ATOMIC_RELAXED);
    }
}

static void *
counted_malloc(void *ctx, size_t size)
{
    PyMemAllocatorEx *next = ctx;
    count(size);
    depth++;
    void *block = next->malloc(next->ctx, size);
    depth--;
    return block;
}

static void *
counted_calloc(void *ctx, size_t number, size_t size)
{
    PyMemAllocatorEx *next = ctx;
    count(number * size);
    depth++;
    void *block = next->calloc(next->ctx, number, size);
    depth--;
    return block;
}

static void *
counted_realloc(void *ctx, void *old, size_t size)
{
    PyMemAllocatorEx *next = ctx;
    count(size);
    depth++;
    void *block = next->realloc(next->ctx, old, size);
    depth--;
    return block;
}

static void
uncounted_free(void *ctx, void *block)
{
    PyMemAllocatorEx *next = ctx;
    next->free(next->ctx, block);
}

static PyObject *
start(PyObject *Py_UNUSED(self), PyObject *Py_UNUSED(ignored))
{
    for (int domain = 0; domain < 3; domain++) {
        PyMem_GetAllocator(domain, &below[domain]);
        PyMemAllocatorEx hook = {
            &below[domain], counted_malloc, counted_calloc, counted_realloc, uncounted_free,
        };
        PyMem_SetAllocator(domain, &hook);
    }
    __atomic_store_n(&calls, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&bytes, 0, __ATOMIC_RELAXED);
    Py_RETURN_NONE;
}

static PyObject *
stop(PyObject *Py_UNUSED(self), PyObject *Py_UNUSED(ignored))
{
    for (int domain = 0; domain < 3; domain++) {
        PyMem_SetAllocator(domain, &below[domain]);
    }
    return Py_BuildValue("LL", calls, bytes);
}

static PyMethodDef methods[] = {
    {"start", start, METH_NOARGS, "Start counting at 0."},
    {"stop", stop, METH_NOARGS, "Stop, and return (allocations, bytes)."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT, "counter", "Counts CPython's allocations.", -1, methods,
    NULL, NULL, NULL, NULL,
};

PyMODINIT_FUNC
PyInit_counter(void)
{
    return PyModule_Create(&module);
}
