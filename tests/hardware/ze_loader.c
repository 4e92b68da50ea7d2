/* A library that answers in Level Zero's place: one driver, a GPU and an accelerator of Intel.
 *
 * The interface is that of ze_api.h 1.0, as far as it is asked here. */
#include <stdint.h>
#include <string.h>

typedef struct {
    uint32_t stype;
    void *pNext;
    uint32_t type, vendorId, deviceId, flags, subdeviceId, coreClockRate;
    uint64_t maxMemAllocSize;
    uint32_t counts[7];
    uint64_t timerResolution;
    uint32_t validBits[2];
    uint8_t uuid[16];
    char name[256];
} properties_t;

uint32_t zeInit(uint32_t flags) { return flags; }

uint32_t zeDriverGet(uint32_t *count, void **drivers) {
    if (drivers) drivers[0] = (void *)7;
    *count = 1;
    return 0;
}

uint32_t zeDeviceGet(void *driver, uint32_t *count, void **devices) {
    if (devices) {
        devices[0] = driver;
        devices[1] = (void *)((uintptr_t)driver + 1);
    }
    *count = 2;
    return 0;
}

uint32_t zeDeviceGetProperties(void *device, properties_t *told) {
    if (told->stype != 3) return 1;
    memset(told, 0, sizeof *told);
    told->type = (uintptr_t)device == 7 ? 1 : 3;
    told->vendorId = 0x8086;
    told->deviceId = 0x56a0;
    strcpy(told->name, "Intel(R) Arc(TM) A770 Graphics");
    return 0;
}
