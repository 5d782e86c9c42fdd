// The filter of system calls (seccomp), a program for the kernel's small machine: it looks at the number of a call and
// at its first argument, and lets it pass or fail with EPERM.
#include "interp/confinement.hpp"

#include <unistd.h>
#ifdef __linux__
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#endif

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <initializer_list>

namespace neap::internal {

#if defined(__linux__) && (defined(__x86_64__) || defined(__aarch64__))

namespace {

#ifdef __x86_64__
constexpr std::uint32_t kMachine = AUDIT_ARCH_X86_64;
#else
constexpr std::uint32_t kMachine = AUDIT_ARCH_AARCH64;
#endif
constexpr std::uint32_t kOtherNumbers = 0x40000000;  // calls of x32 begin there

constexpr std::uint32_t kRefuse = SECCOMP_RET_ERRNO | EPERM;
constexpr std::uint32_t kUnknown = SECCOMP_RET_ERRNO | ENOSYS;

/// Calls that no script's work needs: they look into other processes, change the system, or go around this filter.
constexpr long kNever[] = {
    SYS_ptrace,
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    SYS_kcmp,
    SYS_bpf,
    SYS_perf_event_open,
    SYS_userfaultfd,
    SYS_keyctl,
    SYS_add_key,
    SYS_request_key,
    SYS_mount,
    SYS_umount2,
    SYS_pivot_root,
    SYS_chroot,
    SYS_setns,
    SYS_unshare,
    SYS_init_module,
    SYS_finit_module,
    SYS_delete_module,
    SYS_kexec_load,
    SYS_reboot,
    SYS_swapon,
    SYS_swapoff,
    SYS_open_by_handle_at,
    SYS_name_to_handle_at,
    SYS_personality,
    SYS_quotactl,
    SYS_acct,
    SYS_syslog,
    SYS_sethostname,
    SYS_setdomainname,
    SYS_settimeofday,
    SYS_clock_settime,
    SYS_adjtimex,
    SYS_clock_adjtime,
    SYS_vhangup,
    SYS_rt_sigqueueinfo,
    SYS_rt_tgsigqueueinfo,
};

class Filter {
 public:
  Filter() {
    load(offsetof(seccomp_data, arch));
    add(BPF_JMP | BPF_JEQ | BPF_K, kMachine, 1, 0);
    answer(SECCOMP_RET_KILL_PROCESS);
    load(offsetof(seccomp_data, nr));
#ifdef __x86_64__
    add(BPF_JMP | BPF_JGE | BPF_K, kOtherNumbers, 0, 1);
    answer(kRefuse);
#endif
  }

  void refuse(long call, std::uint32_t how = kRefuse) {
    add(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(call), 0, 1);
    answer(how);
  }

  /// Refuses the call unless its argument is one of these.
  void refuse_unless(long call, unsigned argument, std::initializer_list<std::uint32_t> values) {
    add(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(call), 0, static_cast<unsigned>(values.size()) * 2 + 2);
    load_argument(argument);
    for (const std::uint32_t value : values) {
      add(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1);
      answer(SECCOMP_RET_ALLOW);
    }
    answer(kRefuse);
  }

  /// Refuses the call unless its first argument has the bits.
  void refuse_without(long call, std::uint32_t bits) {
    add(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(call), 0, 4);
    load_argument(0);
    add(BPF_JMP | BPF_JSET | BPF_K, bits, 0, 1);
    answer(SECCOMP_RET_ALLOW);
    answer(kRefuse);
  }

  int install() {
    answer(SECCOMP_RET_ALLOW);
    const sock_fprog program{static_cast<unsigned short>(code_.size()), code_.data()};
    return ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0 ? 0 : errno;
  }

 private:
  void add(unsigned code, std::uint32_t value, unsigned if_true = 0, unsigned if_false = 0) {
    code_.push_back({static_cast<unsigned short>(code), static_cast<unsigned char>(if_true),
                     static_cast<unsigned char>(if_false), value});
  }
  void load(std::size_t offset) { add(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset)); }
  // The lower half: both machines keep it first.
  void load_argument(unsigned index) { load(offsetof(seccomp_data, args) + index * sizeof(std::uint64_t)); }
  void answer(std::uint32_t what) { add(BPF_RET | BPF_K, what); }

  std::vector<sock_filter> code_;
};

/// No programs: threads may be made, processes not, and nothing may take this one's place.
void refuse_programs(Filter& filter) {
  filter.refuse(SYS_execve);
  filter.refuse(SYS_execveat);
#ifdef SYS_fork
  filter.refuse(SYS_fork);
  filter.refuse(SYS_vfork);
#endif
#ifdef SYS_clone3
  filter.refuse(SYS_clone3,
                kUnknown);  // its flags are in memory, where no filter looks: the C library takes clone then
#endif
  filter.refuse_without(SYS_clone, CLONE_THREAD);
}

void refuse_sockets(Filter& filter, const Grants& grants) {
  const bool paths = !grants.of(Permission::read).none() && !grants.of(Permission::write).none();
  if (!grants.of(Permission::net).none()) {
    filter.refuse_unless(SYS_socket, 0, {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK});
  } else if (paths) {
    filter.refuse_unless(SYS_socket, 0, {AF_UNIX});
  } else {
    filter.refuse(SYS_socket);
  }
}

}  // namespace

int confine_calls(const Grants& grants) {
  Filter filter;
  const auto self = static_cast<std::uint32_t>(::getpid());
  for (const long call : kNever) {
    filter.refuse(call);
  }
  filter.refuse_unless(SYS_prlimit64, 0, {0, self});
#ifdef SYS_pidfd_getfd
  filter.refuse(SYS_pidfd_getfd);
#endif
#ifdef SYS_io_uring_setup
  filter.refuse(SYS_io_uring_setup);  // its calls pass no filter
#endif
  if (grants.of(Permission::run).none()) {
    refuse_programs(filter);
    filter.refuse_unless(SYS_kill, 0, {self});
    filter.refuse_unless(SYS_tgkill, 0, {self});
    filter.refuse(SYS_tkill);
  }
  refuse_sockets(filter, grants);
  return filter.install();
}

#else

int confine_calls(const Grants&) { return ENOSYS; }

#endif

}  // namespace neap::internal
