use proptest::{collection::vec, prelude::*};

use super::*;

const START: Timestamp = Timestamp::from_secs(1_800_000_000);

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

#[test]
fn the_systems_clock_is_after_this_code_was_written_and_runs() {
    let clock = Clock::system(Timestamp::default(), Clock::DEFAULT_BOUND);
    let first = clock.now();
    assert!(first > Timestamp::from_secs(1_700_000_000));
    while clock.now() == first {
        std::hint::spin_loop();
    }
    assert!(clock.now() > first);
    assert_eq!(clock.fault(), None);
}

#[test]
fn time_passes_as_the_boot_clock_does() {
    let clock = Clock::manual(START);
    clock.advance(secs(3600));
    assert_eq!(clock.now(), START.after(secs(3600)));
    clock.set(START.after(secs(4000)));
    assert_eq!(clock.now(), START.after(secs(4000)));
    assert_eq!(clock.fault(), None);
}

#[test]
fn a_start_before_the_saved_mark_goes_on_from_the_mark_and_is_a_fault() {
    let mark = START.after(secs(7200));
    let clock = Clock::manual_from(START, mark, Clock::DEFAULT_BOUND);
    assert_eq!(clock.now(), mark);
    assert_eq!(clock.fault(), Some(ClockFault::Behind { by: secs(7200) }));
    clock.advance(secs(10));
    assert_eq!(clock.now(), mark.after(secs(10)), "lifetimes still run");
    assert_eq!(clock.high_water(), mark.after(secs(10)));
}

#[test]
fn a_start_a_little_before_the_mark_waits_for_the_wall_without_a_fault() {
    let mark = START.after(secs(5));
    let clock = Clock::manual_from(START, mark, Clock::DEFAULT_BOUND);
    assert_eq!((clock.now(), clock.fault()), (mark, None));
    clock.advance(secs(100));
    assert_eq!(clock.now(), START.after(secs(100)), "5 s at a twentieth");
}

#[test]
fn a_small_jump_is_followed_slowly_and_never_backwards() {
    for (to, expected) in [(10_010, 10_500), (9_990, 9_500)] {
        let clock = Clock::manual(START);
        clock.advance(secs(10_000));
        clock.jump_wall(START.after(secs(to)));
        clock.advance(secs(1));
        let before = clock.now();
        assert_eq!(before, START.after(secs(10_001)), "not at once");
        clock.advance(secs(10));
        let slewed = clock.now().since(START).as_millis();
        assert_eq!(slewed, 10_011_000 + expected - 10_000, "by a twentieth");
        clock.advance(secs(1000));
        assert_eq!(clock.now(), START.after(secs(to + 1011)), "in the end");
        assert_eq!(clock.fault(), None);
    }
}

#[test]
fn a_jump_beyond_the_bound_is_a_fault_until_the_clocks_agree_again() {
    let clock = Clock::manual(START);
    clock.advance(secs(100));
    clock.jump_wall(START.after(secs(100 + 61)));
    clock.advance(secs(1));
    assert_eq!(clock.fault(), Some(ClockFault::Ahead { by: secs(61) }));
    assert_eq!(clock.now(), START.after(secs(101)), "it is not followed");
    clock.jump_wall(START);
    clock.advance(secs(1));
    assert_eq!(clock.fault(), Some(ClockFault::Behind { by: secs(101) }));
    clock.jump_wall(START.after(secs(102)));
    clock.advance(secs(1));
    assert_eq!(clock.fault(), None);
    assert_eq!(clock.now(), START.after(secs(103)));
}

#[test]
fn an_operator_can_confirm_a_jump_forward() {
    let clock = Clock::manual(START);
    assert_eq!(clock.confirm(), Confirmed::Nothing);
    clock.jump_wall(START.after(secs(86_400)));
    clock.advance(secs(1));
    assert!(clock.fault().is_some());
    assert_eq!(clock.confirm(), Confirmed::Forward(secs(86_400)));
    assert_eq!(clock.fault(), None);
    assert_eq!(clock.now(), START.after(secs(86_401)));
}

#[test]
fn an_operator_can_confirm_that_the_mark_was_wrong() {
    let mark = START.after(secs(86_400));
    let clock = Clock::manual_from(START, mark, Clock::DEFAULT_BOUND);
    assert_eq!(clock.confirm(), Confirmed::Back(secs(86_400)));
    assert_eq!((clock.now(), clock.fault()), (START, None));
}

#[test]
fn a_fault_says_by_how_much_and_what_to_do() {
    let fault = ClockFault::Behind { by: secs(7200) };
    assert_eq!(
        fault.to_string(),
        "the system's clock is 7200s behind the time that has passed: conditions on time deny \
         until it is set right, or confirmed"
    );
}

proptest! {
    #[test]
    fn time_never_goes_back_and_never_runs_much_faster_than_it_passes(
        mark in 0..200_000_u64,
        steps in vec((0..30_000_u64, proptest::option::weighted(0.3, 0..400_000_u64)), 1..60),
    ) {
        let mark = START.after(Duration::from_millis(mark));
        let clock = Clock::manual_from(START, mark, Clock::DEFAULT_BOUND);
        let mut last = clock.now();
        prop_assert!(last >= mark);
        for (pass, jump) in steps {
            if let Some(to) = jump {
                clock.jump_wall(START.after(Duration::from_millis(to)));
            }
            clock.advance(Duration::from_millis(pass));
            let now = clock.now();
            prop_assert!(now >= last, "{last:?} then {now:?}");
            let went = u64::try_from(now.since(last).as_millis()).unwrap();
            prop_assert!(went + 1 >= pass - pass / 20 && went <= pass + pass / 20 + 1);
            last = now;
        }
    }
}
