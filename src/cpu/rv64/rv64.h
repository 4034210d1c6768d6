/* rv64.h - the state of a RISC-V hart in user mode, and its registers by name. This is the register-access header that
 * linux/abi and debug may include; everything else of the front end stays in this room.
 */
#ifndef LODGE_RV64_H
#define LODGE_RV64_H

#include "cpu/cpu.h"

struct rv64_state {
    struct cpu_state cpu;
    uint64_t x[32];                 /* x[0] stays 0 */
    uint64_t f[32];                 /* a single is NaN-boxed */
    uint64_t resv_addr, resv_value; /* LR/SC reservation; resv_addr is ~0 when there is none */
};

/* x register numbers (psABI names). */
enum {
    RV64_RA = 1,
    RV64_SP = 2,
    RV64_GP = 3,
    RV64_TP = 4,
    RV64_A0 = 10,
    RV64_A1,
    RV64_A2,
    RV64_A3,
    RV64_A4,
    RV64_A5,
    RV64_A6,
    RV64_A7
};

/* What the time CSR counts, a second (hwprobe's TIME_CSR_FREQ). */
enum { RV64_TIMEBASE_HZ = 10000000 };

/* frm and fflags as one CSR (fcsr: frm << 5 | fflags), unprivileged manual 11.2. */
uint32_t rv64_fcsr_get(const struct rv64_state *s);
void rv64_fcsr_set(struct rv64_state *s, uint32_t fcsr);

/* Implemented extensions, for hwprobe (RISCV_HWPROBE_IMA_EXT_0 bits), AT_HWCAP and /proc/cpuinfo: one table. */
uint64_t rv64_hwprobe_ima_ext0(void);
uint64_t rv64_hwcap(void);
const char *rv64_isa_string(void); /* "rv64imafdc_zicboz_..." */

#endif
