//! A page of a mapping that cannot be had is a fault of that mapping, not the end of the process.
//!
//! Who touches a page of a mapped file that the file system cannot give (it turned read-only,
//! the disk fails, somebody cut the file) is sent SIGBUS, which by itself kills the process.
//! Here it puts an empty page of memory in that place and marks the mapping as broken. Whoever
//! wrote or read looks at the mark afterwards, before anything rests on what was copied.

use std::{
    io, mem, ptr,
    sync::{
        OnceLock,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

/// Mappings at a time: two for each segment that is not closed.
const PLACES: usize = 4096;

/// A mapping that is looked after; a start of 0 is a free place.
struct Place {
    start: AtomicUsize,
    end: AtomicUsize,
    broken: AtomicBool,
}

static MAPPINGS: [Place; PLACES] = [const {
    Place {
        start: AtomicUsize::new(0),
        end: AtomicUsize::new(0),
        broken: AtomicBool::new(false),
    }
}; PLACES];

/// Marks a place as taken while its range is not known yet.
const TAKEN: usize = usize::MAX;

static PAGE_BYTES: OnceLock<usize> = OnceLock::new();

/// Looks after a mapping for as long as it lives; to be dropped before the mapping is.
pub(super) struct Guarded(&'static Place);

impl Guarded {
    /// From now on a page that cannot be had breaks this mapping alone.
    pub(super) fn new(start: *const u8, length: usize) -> io::Result<Self> {
        install()?;
        let free = MAPPINGS.iter().find(|place| {
            let taken = place
                .start
                .compare_exchange(0, TAKEN, Ordering::AcqRel, Ordering::Relaxed);
            taken.is_ok()
        });
        let place = free.ok_or_else(|| io::Error::other("too many segments are open"))?;
        place.broken.store(false, Ordering::Relaxed);
        place.end.store(start.addr() + length, Ordering::Relaxed);
        place.start.store(start.addr(), Ordering::Release);
        Ok(Self(place))
    }

    /// Whether a page could not be had.
    pub(super) fn is_broken(&self) -> bool {
        self.0.broken.load(Ordering::Relaxed)
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        self.0.start.store(0, Ordering::Release);
    }
}

/// Has SIGBUS come here, once for the process.
fn install() -> io::Result<()> {
    static INSTALLED: OnceLock<Result<(), i32>> = OnceLock::new();
    let installed = INSTALLED.get_or_init(|| {
        #[expect(unsafe_code, reason = "the page size and the handler are the system's")]
        // SAFETY: `action` is wholly initialised, and the handler does only what a handler may:
        // atomics, `mmap` and `sigaction`.
        unsafe {
            let page = libc::sysconf(libc::_SC_PAGESIZE);
            PAGE_BYTES.get_or_init(|| usize::try_from(page).unwrap_or(4096));
            let mut action: libc::sigaction = mem::zeroed();
            action.sa_sigaction = on_sigbus as *const () as usize;
            action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
            match libc::sigaction(libc::SIGBUS, &raw const action, ptr::null_mut()) {
                0 => Ok(()),
                _ => Err(*libc::__errno_location()),
            }
        }
    });
    installed.map_err(io::Error::from_raw_os_error)
}

extern "C" fn on_sigbus(_: libc::c_int, info: *mut libc::siginfo_t, _: *mut libc::c_void) {
    #[expect(unsafe_code, reason = "a signal's handler speaks with the system")]
    // SAFETY: the kernel passes a valid `siginfo_t`. The page that is replaced lies in a mapping
    // of `MAPPINGS`, which is alive: whoever touched it holds it. Nothing else is mapped there,
    // and both halves only ever touch it through raw pointers.
    unsafe {
        let errno = *libc::__errno_location();
        let sent_by_kernel = (*info).si_code > 0;
        if !(sent_by_kernel && replaced((*info).si_addr().addr())) {
            // Not ours: dies of it, as it would have.
            let mut usual: libc::sigaction = mem::zeroed();
            usual.sa_sigaction = libc::SIG_DFL;
            libc::sigaction(libc::SIGBUS, &raw const usual, ptr::null_mut());
        }
        *libc::__errno_location() = errno;
    }
}

/// Puts an empty page where one cannot be had; whether the place was ours.
fn replaced(address: usize) -> bool {
    let Some(page) = PAGE_BYTES.get() else {
        return false;
    };
    let ours = MAPPINGS.iter().find(|place| {
        let start = place.start.load(Ordering::Acquire);
        start != 0
            && start != TAKEN
            && (start..place.end.load(Ordering::Relaxed)).contains(&address)
    });
    let Some(place) = ours else {
        return false;
    };
    place.broken.store(true, Ordering::Relaxed);
    let start = ptr::without_provenance_mut(address - address % page);
    #[expect(unsafe_code, reason = "the page that cannot be had is replaced")]
    // SAFETY: the page lies in a mapping that is alive, see `on_sigbus`.
    let mapped = unsafe {
        libc::mmap(
            start,
            *page,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED,
            -1,
            0,
        )
    };
    mapped != libc::MAP_FAILED
}
