/* A library that answers in NVML's place; NVML_CASE in the environment says how.
 *
 * The interface is that of NVIDIA's nvml.h, as far as nvidia-ml-py asks for it here. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef GPUS
#define GPUS 2
#endif

enum { SUCCESS = 0, NOT_SUPPORTED = 3, NO_DRIVER = 9, GPU_IS_LOST = 15, MISMATCH = 18 };

typedef struct { unsigned long long total, free, used; } memory_t;

static int is(const char *name) {
    const char *value = getenv("NVML_CASE");
    return value && strcmp(value, name) == 0;
}

int nvmlInitWithFlags(unsigned int flags) {
    (void)flags;
    if (is("hangs")) sleep(60);
    if (is("crashes")) abort();
    if (is("mismatch")) return MISMATCH;
    return is("no driver") ? NO_DRIVER : SUCCESS;
}

int nvmlShutdown(void) { return SUCCESS; }

const char *nvmlErrorString(int code) {
    return code == MISMATCH ? "Driver/library version mismatch" : "Driver Not Loaded";
}

int nvmlSystemGetDriverVersion(char *text, unsigned int length) {
    snprintf(text, length, "%s", is("lies") ? "none of your business" : "570.124.06");
    return SUCCESS;
}

#ifndef OLD
int nvmlSystemGetCudaDriverVersion_v2(int *version) {
    *version = is("lies") ? -7 : 12080;
    return SUCCESS;
}

int nvmlDeviceGetMigMode(void *device, unsigned int *current, unsigned int *pending) {
    *current = *pending = (long)device == 1;
    return (long)device == 1 ? SUCCESS : NOT_SUPPORTED;
}
#endif

int nvmlSystemGetCudaDriverVersion(int *version) {
    *version = 11040;
    return SUCCESS;
}

int nvmlDeviceGetCount_v2(unsigned int *count) {
    *count = is("no GPU") ? 0 : GPUS;
    return SUCCESS;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned int index, void **device) {
    *device = (void *)(long)(index + 1);
    return SUCCESS;
}

int nvmlDeviceGetName(void *device, char *text, unsigned int length) {
    if (is("one is lost") && (long)device == 2) return GPU_IS_LOST;
    snprintf(text, length, is("lies") ? "\033[31mGPU\n\007 %ld" : "NVIDIA A100 %ld", (long)device);
    return SUCCESS;
}

int nvmlDeviceGetCudaComputeCapability(void *device, int *major, int *minor) {
    if (is("one is lost") && (long)device == 2) return GPU_IS_LOST;
    *major = is("lies") ? 4711 : 8;
    *minor = 0;
    return SUCCESS;
}

int nvmlDeviceGetMemoryInfo(void *device, memory_t *memory) {
    if (is("one is lost") && (long)device == 2) return GPU_IS_LOST;
    memory->total = is("lies") ? ~0ull : 40960ull << 20;
    return SUCCESS;
}
