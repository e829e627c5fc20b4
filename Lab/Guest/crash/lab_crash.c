// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * A module that makes its kernel crash: built by script/crash-module, for the lab's guests only.
 *
 * `echo WORD >/proc/lab_crash` does what the word says in the process that writes it, on the processor that this is
 * bound to. Before that, registers get values that a dump must have.
 *
 * It is a part of the kernel while it is loaded, so its licence is not that of the rest of the project: MIT or GPL, as
 * MODULE_LICENSE tells the kernel, which gives other modules fewer of its functions.
 */
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <asm/nmi.h>

/* Whether a processor is where nothing but a panic can reach it. */
static bool is_silent;
/* The processor whose next NMI does not end. */
static int trapped = -1;

/*
 * Registers, and an instruction that is repeated for ever. The lab knows these values: 0x1ab and the number of the
 * register.
 */
#define AT_KNOWN_REGISTERS(instruction)                                  \
	asm volatile("movabs $0x1ab0000000000003, %%rbx\n\t"             \
		     "movabs $0x1ab000000000000c, %%r12\n\t"             \
		     "movabs $0x1ab000000000000d, %%r13\n\t"             \
		     "movabs $0x1ab000000000000e, %%r14\n\t"             \
		     "movabs $0x1ab000000000000f, %%r15\n"               \
		     "1:\t" instruction "\n\t"                           \
		     "testq %%rdi, %%rdi\n\t"                            \
		     "jz 1b"                                             \
		     :                                                   \
		     : "D"(0L)                                           \
		     : "rax", "rbx", "r12", "r13", "r14", "r15", "memory", "cc")

static noinline void lab_crash_null(void)
{
	AT_KNOWN_REGISTERS("movq (%%rdi), %%rax");
}

static noinline void lab_crash_busy(void)
{
	preempt_disable();
	AT_KNOWN_REGISTERS("pause");
}

static noinline void lab_crash_silent(void)
{
	local_irq_disable();
	WRITE_ONCE(is_silent, true);
	AT_KNOWN_REGISTERS("pause");
}

static noinline void lab_crash_sleep(void)
{
	for (;;) {
		set_current_state(TASK_UNINTERRUPTIBLE);
		schedule();
	}
}

/* Panics as soon as another processor is silent. */
static noinline void lab_crash_panic(void)
{
	while (!READ_ONCE(is_silent))
		cond_resched();
	panic("lab_crash: the other processor is silent");
}

/* No NMI comes before the end of this one: this processor does not hear that the kernel has crashed. */
static int lab_crash_nmi(unsigned int type, struct pt_regs *registers)
{
	if (smp_processor_id() != READ_ONCE(trapped))
		return NMI_DONE;
	WRITE_ONCE(is_silent, true);
	for (;;)
		cpu_relax();
}

static ssize_t lab_crash_write(struct file *file, const char __user *text, size_t count, loff_t *position)
{
	char buffer[16] = "";
	char *word;
	int cpu;

	if (copy_from_user(buffer, text, min(count, sizeof(buffer) - 1)))
		return -EFAULT;
	word = strim(buffer);
	if (!strcmp(word, "null"))
		lab_crash_null();
	else if (!strcmp(word, "busy"))
		lab_crash_busy();
	else if (!strcmp(word, "silent"))
		lab_crash_silent();
	else if (!strcmp(word, "sleep"))
		lab_crash_sleep();
	else if (!strcmp(word, "panic"))
		lab_crash_panic();
	else if (sscanf(word, "trap %d", &cpu) == 1)
		WRITE_ONCE(trapped, cpu);
	else
		return -EINVAL;
	return count;
}

static const struct proc_ops operations = {
	.proc_write = lab_crash_write,
};

static int __init lab_crash_start(void)
{
	if (!proc_create("lab_crash", 0200, NULL, &operations))
		return -ENOMEM;
	return register_nmi_handler(NMI_UNKNOWN, lab_crash_nmi, 0, "lab_crash");
}

module_init(lab_crash_start);
MODULE_DESCRIPTION("makes the kernel crash, for tests");
MODULE_LICENSE("Dual MIT/GPL");
