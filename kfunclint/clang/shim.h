/*
 * Stand-ins for what kernel headers would bring, included before every hunk. A name needs to stand here only if no stub
 * could do it right: a macro that takes a type or a member, that stands where no call can, or that is an attribute.
 *
 * __kfunclint_is_NAME() is reported as a call of NAME, __kfunclint_loop_NAME() as the start of a loop,
 * __kfunclint_guard_NAME() as guard(NAME), and __kfunclint_unknown() as a value that nobody knows. No macro uses an
 * argument twice, so that nested ones do not grow.
 */
typedef unsigned char u8, __u8, uint8_t;
typedef signed char s8, __s8, int8_t;
typedef unsigned short u16, __u16, uint16_t, __le16, __be16, __sum16, umode_t;
typedef short s16, __s16, int16_t;
typedef unsigned int u32, __u32, uint32_t, __le32, __be32, __wsum, gfp_t, fmode_t, uint, dev_t, slab_flags_t, __poll_t;
typedef int s32, __s32, int32_t, pid_t;
typedef unsigned long long u64, __u64, uint64_t, __le64, __be64;
typedef long long s64, __s64, int64_t, loff_t, ktime_t;
typedef unsigned long size_t, ulong, uintptr_t, pgoff_t, sector_t;
typedef long ssize_t, ptrdiff_t, intptr_t, time64_t;
typedef _Bool bool;
typedef struct { int counter; } atomic_t;
typedef struct { long counter; } atomic64_t, atomic_long_t;

#define NULL ((void *)0)
#define false 0
#define true 1

/* what marks and registers a kfunc */
#define __kfunclint_note(n_) __attribute__((__annotate__(n_)))
#define __kfunclint_paste(a_, b_) a_##b_
#define __kfunclint_join(a_, b_) __kfunclint_paste(a_, b_)
#define __bpf_kfunc __kfunclint_note("kfunc")
#define __bpf_hook
#define __bpf_kfunc_start_defs()
#define __bpf_kfunc_end_defs()
#define __bpf_hook_start()
#define __bpf_hook_end()
#define __diag_push()
#define __diag_pop()
#define __diag_ignore(...)
#define __diag_ignore_all(...)
#define CFI_NOSEAL(n_)
#define BTF_ID_FLAGS(p_, ...)
#define BTF_ID(p_, ...)
#define BTF_ID_UNUSED
#define BTF_KFUNCS_START(n_)
#define BTF_KFUNCS_END(n_)
#define BTF_SET8_START(n_)
#define BTF_SET8_END(n_)
#define BTF_SET_START(n_)
#define BTF_SET_START_GLOBAL(n_)
#define BTF_SET_END(n_)
#define BTF_ID_LIST(n_)
#define BTF_ID_LIST_GLOBAL(n_, ...)
#define BTF_ID_LIST_SINGLE(n_, ...)
#define BTF_ID_LIST_GLOBAL_SINGLE(n_, ...)
#define BTF_TYPE_EMIT(t_) ((void)0)
#define BTF_TYPE_EMIT_ENUM(t_) ((void)0)

/* attributes */
#define __user
#define __rcu
#define __percpu
#define __iomem
#define __kernel
#define __force
#define __bitwise
#define __private
#define __must_check
#define __always_unused
#define __maybe_unused
#define __used
#define __unused
#define __init
#define __exit
#define __ref
#define __meminit
#define __init_or_module
#define __initdata
#define __initconst
#define __net_init
#define __net_exit
#define __ro_after_init
#define __read_mostly
#define __always_inline inline
#define __no_sanitize_address
#define __no_kcsan
#define __nocfi
#define __retain
#define __latent_entropy
#define noinline
#define noinline_for_stack
#define noinstr
#define notrace
#define nokprobe_inline inline
#define asmlinkage
#define __sched
#define __cpuidle
#define __cold
#define __hot
#define __weak
#define __pure
#define __attribute_const__
#define __visible
#define __noreturn
#define __packed
#define __deprecated
#define __malloc
#define __cacheline_aligned
#define __cacheline_aligned_in_smp
#define ____cacheline_aligned
#define ____cacheline_aligned_in_smp
#define __randomize_layout
#define __printf(...)
#define __scanf(...)
#define __aligned(...)
#define __acquires(...)
#define __releases(...)
#define __must_hold(...)
#define __must_not_hold(...)
#define __cond_acquires(...)
#define __cond_releases(...)
#define __acquires_shared(...)
#define __releases_shared(...)
#define __must_hold_shared(...)
#define __cond_acquires_shared(...)
#define __acquires_ret
#define __acquires_shared_ret
#define __no_context_analysis
#define __context_unsafe(...)
#define __guarded_by(...)
#define __pt_guarded_by(...)
#define __rcu_guarded
#define __counted_by(...)
#define __counted_by_ptr(...)
#define __section(...)
#define __alloc_size(...)
#define __alias(...)
#define __nonstring
#define fallthrough

/* scope-based cleanup */
#define __free(n_) __kfunclint_note("free:" #n_)
#define __cleanup(n_) __kfunclint_note("free:" #n_)
#define CLASS(n_, v_) __auto_type v_ __kfunclint_note("class:" #n_) = class_##n_##_constructor
#define ACQUIRE(n_, v_) CLASS(n_, v_)
#define return_ptr(p_) return no_free_ptr(p_)
#define guard(n_) __kfunclint_guard_##n_
#define scoped_guard(n_, ...) for (__kfunclint_scoped_##n_(__VA_ARGS__);;)
#define scoped_cond_guard(n_, f_, ...) if (!__kfunclint_cond_##n_(__VA_ARGS__)) { f_; } else

/* values that the macro hands through */
#define likely(v_) (v_)
#define unlikely(v_) (v_)
#define READ_ONCE(v_) (v_)
#define WRITE_ONCE(v_, n_) ((v_) = (n_))
#define data_race(v_) (v_)
#define READ_ONCE_NOCHECK(v_) (v_)
#define rcu_dereference(v_) (__kfunclint_is_rcu_dereference(), (v_))
#define rcu_dereference_raw(v_) (v_)
#define rcu_dereference_sched(v_) (v_)
#define rcu_dereference_bh(v_) (v_)
#define rcu_dereference_all(v_) (v_)
#define rcu_dereference_rtnl(v_) (v_)
#define rcu_dereference_check(v_, ...) (v_)
#define rcu_dereference_protected(v_, ...) (v_)
#define rcu_dereference_bh_check(v_, ...) (v_)
#define rcu_dereference_sched_check(v_, ...) (v_)
#define rcu_dereference_all_check(v_, ...) (v_)
#define context_unsafe(...) (__VA_ARGS__)
#define rcu_access_pointer(v_) (v_)
#define rtnl_dereference(v_) (v_)
#define srcu_dereference(v_, ...) (v_)
#define rcu_assign_pointer(v_, n_) ((v_) = (n_))
#define RCU_INIT_POINTER(v_, n_) ((v_) = (n_))
#define smp_load_acquire(p_) (*(p_))
#define smp_store_release(p_, n_) (*(p_) = (n_))
#define smp_store_mb(v_, n_) ((v_) = (n_))
#define this_cpu_ptr(p_) (p_)
#define raw_cpu_ptr(p_) (p_)
#define per_cpu_ptr(p_, c_) (__kfunclint_is_per_cpu_ptr(0, (c_)), (p_))
#define per_cpu(v_, c_) (*(__kfunclint_is_per_cpu(0, (c_)), &(v_)))
#define get_cpu_var(v_) (v_)
#define this_cpu_read(v_) (v_)
#define __this_cpu_read(v_) (v_)
#define raw_cpu_read(v_) (v_)
#define this_cpu_write(v_, n_) ((v_) = (n_))
#define __this_cpu_write(v_, n_) ((v_) = (n_))
#define WARN_ON(v_) (__kfunclint_is_WARN_ON(), !!(v_))
#define WARN_ON_ONCE(v_) (__kfunclint_is_WARN_ON_ONCE(), !!(v_))
#define WARN(v_, ...) (__kfunclint_is_WARN(__VA_ARGS__), !!(v_))
#define WARN_ONCE(v_, ...) (__kfunclint_is_WARN_ONCE(__VA_ARGS__), !!(v_))
#define WARN_RATELIMIT(v_, ...) (__kfunclint_is_WARN_RATELIMIT(__VA_ARGS__), !!(v_))
#define DEBUG_NET_WARN_ON_ONCE(v_) (__kfunclint_is_DEBUG_NET_WARN_ON_ONCE(), !!(v_))
#define BUG_ON(v_) do { if (v_) BUG(); } while (0)
#define current __kfunclint_is_current()
struct task_struct;
struct task_struct *__kfunclint_is_current(void);
int __kfunclint_unknown();

/* macros that take a type or a member */
struct __kfunclint_any;
#define container_of(p_, t_, m_) ((t_ *)__kfunclint_is_container_of(p_))
#define container_of_const(p_, t_, m_) ((t_ *)__kfunclint_is_container_of_const(p_))
#define list_entry(p_, t_, m_) ((t_ *)__kfunclint_is_list_entry(p_))
#define list_entry_rcu(p_, t_, m_) ((t_ *)__kfunclint_is_list_entry_rcu(p_))
#define list_first_entry(p_, t_, m_) ((t_ *)__kfunclint_is_list_first_entry(p_))
#define list_last_entry(p_, t_, m_) ((t_ *)__kfunclint_is_list_last_entry(p_))
#define list_first_entry_or_null(p_, t_, m_) ((t_ *)__kfunclint_is_list_first_entry_or_null(p_))
#define list_first_or_null_rcu(p_, t_, m_) ((t_ *)__kfunclint_is_list_first_or_null_rcu(p_))
#define list_next_entry(p_, m_) __kfunclint_is_list_next_entry(p_)
#define list_prev_entry(p_, m_) __kfunclint_is_list_prev_entry(p_)
struct __kfunclint_any *__kfunclint_is_list_next_entry(), *__kfunclint_is_list_prev_entry();
#define hlist_entry(p_, t_, m_) ((t_ *)__kfunclint_is_hlist_entry(p_))
#define hlist_entry_safe(p_, t_, m_) ((t_ *)__kfunclint_is_hlist_entry_safe(p_))
#define hlist_nulls_entry(p_, t_, m_) ((t_ *)__kfunclint_is_hlist_nulls_entry(p_))
#define llist_entry(p_, t_, m_) ((t_ *)__kfunclint_is_llist_entry(p_))
#define rb_entry(p_, t_, m_) ((t_ *)__kfunclint_is_rb_entry(p_))
#define rb_entry_safe(p_, t_, m_) ((t_ *)__kfunclint_is_rb_entry_safe(p_))
/* a different value each time: two case labels of the same value would cost the whole switch */
#define offsetof(t_, m_) (sizeof(char[0x1000 + __COUNTER__]))
#define offsetofend(t_, m_) (sizeof(char[0x1000 + __COUNTER__]))
#define sizeof_field(t_, m_) (sizeof(char[16]))
#define FIELD_SIZEOF(t_, m_) (sizeof(char[16]))
#define struct_size_t(t_, m_, n_) __kfunclint_is_struct_size_t(n_)
#define struct_size(p_, m_, n_) __kfunclint_is_struct_size((p_), (n_))
#define flex_array_size(p_, m_, n_) __kfunclint_is_flex_array_size((p_), (n_))
#define ARRAY_SIZE(v_) (sizeof(v_))
#define min_t(t_, a_, b_) ((t_)__kfunclint_is_min_t((a_), (b_)))
#define max_t(t_, a_, b_) ((t_)__kfunclint_is_max_t((a_), (b_)))
#define clamp_t(t_, v_, a_, b_) ((t_)__kfunclint_is_clamp_t((v_), (a_), (b_)))
#define va_arg(l_, t_) (*(t_ *)__kfunclint_is_va_arg(l_))
#define kmalloc_obj(t_, ...) ((__typeof__(t_) *)__kfunclint_is_kmalloc_obj(0, ##__VA_ARGS__))
#define kmalloc_objs(t_, n_, ...) ((__typeof__(t_) *)__kfunclint_is_kmalloc_objs(0, (n_), ##__VA_ARGS__))
#define kmalloc_flex(t_, m_, n_, ...) ((__typeof__(t_) *)__kfunclint_is_kmalloc_flex(0, 0, (n_), ##__VA_ARGS__))
#define kzalloc_obj(t_, ...) ((__typeof__(t_) *)__kfunclint_is_kzalloc_obj(0, ##__VA_ARGS__))
#define kzalloc_objs(t_, n_, ...) ((__typeof__(t_) *)__kfunclint_is_kzalloc_objs(0, (n_), ##__VA_ARGS__))
#define kzalloc_flex(t_, m_, n_, ...) ((__typeof__(t_) *)__kfunclint_is_kzalloc_flex(0, 0, (n_), ##__VA_ARGS__))
#define kvmalloc_obj(t_, ...) ((__typeof__(t_) *)__kfunclint_is_kvmalloc_obj(0, ##__VA_ARGS__))
#define kvmalloc_objs(t_, n_, ...) ((__typeof__(t_) *)__kfunclint_is_kvmalloc_objs(0, (n_), ##__VA_ARGS__))
#define kvmalloc_flex(t_, m_, n_, ...) ((__typeof__(t_) *)__kfunclint_is_kvmalloc_flex(0, 0, (n_), ##__VA_ARGS__))
#define kvzalloc_obj(t_, ...) ((__typeof__(t_) *)__kfunclint_is_kvzalloc_obj(0, ##__VA_ARGS__))
#define kvzalloc_objs(t_, n_, ...) ((__typeof__(t_) *)__kfunclint_is_kvzalloc_objs(0, (n_), ##__VA_ARGS__))
#define kvzalloc_flex(t_, m_, n_, ...) ((__typeof__(t_) *)__kfunclint_is_kvzalloc_flex(0, 0, (n_), ##__VA_ARGS__))

/* constants and declarations */
#define BIT(n_) (1ul << (n_))
#define BIT_ULL(n_) (1ull << (n_))
#define GENMASK(h_, l_) ((~0ul << (l_)) & (~0ul >> (63 - (h_))))
#define GENMASK_ULL(h_, l_) ((~0ull << (l_)) & (~0ull >> (63 - (h_))))
#define __stringify(...) #__VA_ARGS__
#define BUILD_BUG_ON(...) ((void)0)
#define BUILD_BUG_ON_MSG(...) ((void)0)
#define BUILD_BUG_ON_ZERO(...) 0
#define static_assert(...) struct __kfunclint_nothing
#define _Static_assert(...) struct __kfunclint_nothing
#define ATOMIC_INIT(v_) { (v_) }
#define ATOMIC_LONG_INIT(v_) { (v_) }
#define ATOMIC64_INIT(v_) { (v_) }
#define LIST_HEAD(n_) struct list_head n_
#define HLIST_HEAD(n_) struct hlist_head n_
#define DECLARE_FLEX_ARRAY(t_, n_) __typeof__(t_) n_[8]
#define DECLARE_BITMAP(n_, b_) unsigned long n_[64]
#define DEFINE_PER_CPU(t_, n_) __typeof__(t_) n_
#define DECLARE_PER_CPU(t_, n_) extern __typeof__(t_) n_
#define BPF_CALL_0(f_) u64 f_(void)
#define BPF_CALL_1(f_, t1_, n1_) u64 f_(t1_ n1_)
#define BPF_CALL_2(f_, t1_, n1_, t2_, n2_) u64 f_(t1_ n1_, t2_ n2_)
#define BPF_CALL_3(f_, t1_, n1_, t2_, n2_, t3_, n3_) u64 f_(t1_ n1_, t2_ n2_, t3_ n3_)
#define BPF_CALL_4(f_, t1_, n1_, t2_, n2_, t3_, n3_, t4_, n4_) u64 f_(t1_ n1_, t2_ n2_, t3_ n3_, t4_ n4_)
#define BPF_CALL_5(f_, t1_, n1_, t2_, n2_, t3_, n3_, t4_, n4_, t5_, n5_) \
	u64 f_(t1_ n1_, t2_ n2_, t3_ n3_, t4_ n4_, t5_ n5_)

/* loops over members; other loops are made by the stubs */
#define __kfunclint_loop(n_, ...) for (__kfunclint_loop_##n_(__VA_ARGS__); __kfunclint_unknown();)
#define list_for_each_entry(p_, h_, ...) __kfunclint_loop(list_for_each_entry, p_, h_)
#define list_for_each_entry_reverse(p_, h_, ...) __kfunclint_loop(list_for_each_entry_reverse, p_, h_)
#define list_for_each_entry_rcu(p_, h_, ...) __kfunclint_loop(list_for_each_entry_rcu, p_, h_)
#define list_for_each_entry_srcu(p_, h_, ...) __kfunclint_loop(list_for_each_entry_srcu, p_, h_)
#define list_for_each_entry_lockless(p_, h_, ...) __kfunclint_loop(list_for_each_entry_lockless, p_, h_)
#define list_for_each_entry_from(p_, h_, ...) __kfunclint_loop(list_for_each_entry_from, p_, h_)
#define list_for_each_entry_continue(p_, h_, ...) __kfunclint_loop(list_for_each_entry_continue, p_, h_)
#define list_for_each_entry_continue_rcu(p_, h_, ...) __kfunclint_loop(list_for_each_entry_continue_rcu, p_, h_)
#define list_for_each_entry_safe(p_, t_, h_, ...) __kfunclint_loop(list_for_each_entry_safe, p_, t_, h_)
#define list_for_each_entry_safe_reverse(p_, t_, h_, ...) __kfunclint_loop(list_for_each_entry_safe_reverse, p_, t_, h_)
#define hlist_for_each_entry(p_, h_, ...) __kfunclint_loop(hlist_for_each_entry, p_, h_)
#define hlist_for_each_entry_rcu(p_, h_, ...) __kfunclint_loop(hlist_for_each_entry_rcu, p_, h_)
#define hlist_for_each_entry_safe(p_, t_, h_, ...) __kfunclint_loop(hlist_for_each_entry_safe, p_, t_, h_)
#define hlist_nulls_for_each_entry_rcu(p_, n_, h_, ...) __kfunclint_loop(hlist_nulls_for_each_entry_rcu, p_, n_, h_)
#define llist_for_each_entry(p_, h_, ...) __kfunclint_loop(llist_for_each_entry, p_, h_)
#define llist_for_each_entry_safe(p_, t_, h_, ...) __kfunclint_loop(llist_for_each_entry_safe, p_, t_, h_)
#define rhl_for_each_entry_rcu(p_, n_, h_, ...) __kfunclint_loop(rhl_for_each_entry_rcu, p_, n_, h_)
