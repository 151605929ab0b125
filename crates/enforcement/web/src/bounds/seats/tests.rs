use std::net::Ipv4Addr;

use gw_model::{SessionId, UserId};

use super::{super::pass::Line, *};

fn seats(limits: Limits) -> Rc<Seats> {
    Seats::new(limits, Connected::new(), Arc::default())
}

/// A request of a person by number, within a session of the same number.
fn person(number: u64) -> Whose {
    Whose {
        caller: Caller::Person(UserId::from_bits(number)),
        session: Some(SessionId::from_bits(number)),
    }
}

/// A connection that a person has asked over.
fn known(seats: &Rc<Seats>, number: u64) -> Seat {
    let seat = seats.take(Abort::default(), peer(9)).unwrap();
    seat.is_asked_by(person(number));
    seat
}

fn standings<const N: usize>(of: [&Seat; N]) -> [Standing; N] {
    of.map(|seat| seat.pass().standing())
}

use Standing::{Known, Silent, Stranger, Surplus};

fn peer(last: u8) -> Option<IpAddr> {
    Some(Ipv4Addr::new(192, 0, 2, last).into())
}

#[test]
fn the_weakest_make_way_and_nobody_who_is_known() {
    let limits = Limits {
        connections_max: 3,
        ..Limits::default()
    };
    let seats = seats(limits);
    let ana = seats.take(Abort::default(), peer(1)).unwrap();
    ana.is_asked_by(person(1));
    let stranger = seats.take(Abort::default(), peer(2)).unwrap();
    stranger.rises_to(Stranger);
    let silent = seats.take(Abort::default(), peer(3)).unwrap();
    silent.rises_to(Silent);
    let bo = seats.take(Abort::default(), peer(4)).unwrap();
    assert!(silent.pass().abort.is_aborted());
    assert!(!stranger.pass().abort.is_aborted());
    bo.is_asked_by(person(2));
    let mut last = seats.take(Abort::default(), peer(5)).unwrap();
    assert!(stranger.pass().abort.is_aborted());
    // One seat is left for whoever comes, and taken from one another by those who are nobody.
    for _ in 0..10 {
        let next = seats.take(Abort::default(), peer(6)).unwrap();
        assert!(last.pass().abort.is_aborted());
        last = next;
    }
    assert!(
        ![&ana, &bo]
            .map(|seat| seat.pass().abort.is_aborted())
            .contains(&true)
    );
    assert_eq!(seats.metrics.connections_evicted.value(), 12);
    drop((ana, bo, last, stranger, silent));
    assert_eq!((seats.taken(), seats.known.get()), (0, 0));
}

#[test]
fn a_person_has_so_many_over_all_threads_and_the_oldest_falls() {
    let limits = Limits {
        connections_per_person: 3,
        ..Limits::default()
    };
    let connected = Connected::new();
    let thread = || Seats::new(limits, connected.clone(), Arc::default());
    let [here, there] = [thread(), thread()];
    let (first, second) = (known(&here, 1), known(&here, 1));
    let third = known(&there, 1);
    let other = known(&here, 2);
    let fourth = known(&here, 1);
    let all = standings([&first, &second, &third, &fourth, &other]);
    assert_eq!(all, [Surplus, Known, Known, Known, Known]);
    // An answer does not raise it; its person's next request does, and another falls.
    assert!(first.is_answered());
    assert_eq!(standings([&first]), [Surplus]);
    first.is_asked_by(person(1));
    assert_eq!(
        standings([&first, &second, &fourth]),
        [Known, Surplus, Known]
    );
    drop((first, fourth));
    second.is_asked_by(person(1));
    assert_eq!(standings([&second]), [Known]);
    // Where none of theirs is on this thread, the new one is what is too much.
    let elsewhere = Seats::new(limits, connected.clone(), Arc::default());
    let _more = known(&here, 1);
    let fifth = known(&elsewhere, 1);
    assert_eq!(standings([&fifth]), [Surplus]);
    assert!(
        !fifth.pass().abort.is_aborted(),
        "it is served all the same"
    );
}

#[test]
fn whoever_has_most_makes_way_for_others_who_are_signed_in() {
    let limits = Limits {
        connections_max: 8,
        ..Limits::default()
    };
    let seats = seats(limits);
    // Seven may be known.
    let crowd: Vec<_> = (0..8).map(|_| known(&seats, 1)).collect();
    let fallen = |crowd: &[Seat]| crowd.iter().filter(|seat| !seat.pass().is_known()).count();
    assert_eq!(fallen(&crowd), 1, "their own oldest");
    // A newcomer is seated, and what is too much of somebody goes first.
    let others: Vec<_> = (2..8).map(|number| known(&seats, number)).collect();
    assert!(others.iter().all(|seat| seat.pass().is_known()));
    assert_eq!(fallen(&crowd), 7);
    let gone = crowd.iter().filter(|seat| seat.pass().abort.is_aborted());
    assert_eq!(gone.count(), 6);
    // All have one by now, and nobody who is known makes way.
    let eighth = known(&seats, 9);
    assert_eq!(standings([&eighth]), [Surplus]);
    assert!(others.iter().all(|seat| seat.pass().is_known()));
}

#[test]
fn a_connection_is_a_strangers_again_and_counts_as_one() {
    let limits = Limits {
        connections_per_address: 1,
        ..Limits::default()
    };
    let seats = seats(limits);
    let [first, second] = [known(&seats, 1), known(&seats, 1)];
    assert!(first.is_a_strangers());
    assert_eq!(first.pass().whose(), None);
    assert!(!second.is_a_strangers(), "its address has one already");
    assert_eq!(standings([&first, &second]), [Stranger, Stranger]);
    assert_eq!(seats.connected.people.of(&person(1).caller), 0);
    assert!(seats.shares.borrow().most().is_none());
    first.is_asked_by(person(1));
    assert_eq!(standings([&first]), [Known]);
}

#[test]
fn strangers_who_ask_for_long_over_a_persons_connection_make_it_theirs() {
    let seats = seats(Limits::default());
    let seat = known(&seats, 1);
    let strangers = |number: usize| {
        for _ in 0..number {
            seat.asks();
            assert!(seat.is_answered());
        }
    };
    strangers(15);
    assert_eq!(standings([&seat]), [Known], "a preflight, an icon");
    seat.asks();
    seat.is_asked_by(person(1));
    strangers(15);
    assert_eq!(standings([&seat]), [Known]);
    strangers(1);
    assert_eq!(standings([&seat]), [Stranger]);
    seat.is_asked_by(person(1));
    assert_eq!(standings([&seat]), [Known]);
}

#[test]
fn what_is_asked_too_fast_goes_first() {
    let limits = Limits {
        connections_max: 3,
        ..Limits::default()
    };
    let seats = seats(limits);
    let [hasty, calm] = [known(&seats, 1), known(&seats, 2)];
    let stranger = seats.take(Abort::default(), peer(3)).unwrap();
    stranger.rises_to(Stranger);
    hasty.asks_too_much();
    let _next = seats.take(Abort::default(), peer(4)).unwrap();
    let gone = [&hasty, &calm, &stranger].map(|seat| seat.pass().abort.is_aborted());
    assert_eq!(gone, [true, false, false]);
}

#[test]
fn a_proxys_connections_are_shared_and_so_nobodys() {
    let limits = Limits {
        connections_per_person: 1,
        ..Limits::default()
    };
    let seats = seats(limits);
    let held = [(); 3].map(|()| {
        let seat = seats.take(Abort::default(), None).unwrap();
        seat.is_asked_by(person(1));
        seat
    });
    assert_eq!(standings(held.each_ref()), [Known; 3]);
    assert!(held[0].is_a_strangers());
    assert_eq!(standings(held.each_ref()), [Stranger, Known, Known]);
}

#[test]
fn among_equals_the_address_with_most_makes_way() {
    let limits = Limits {
        connections_max: 4,
        ..Limits::default()
    };
    let seats = seats(limits);
    let take = |last| {
        let seat = seats.take(Abort::default(), peer(last)).unwrap();
        seat.rises_to(Standing::Silent);
        seat
    };
    let (one, crowd) = (take(1), [take(2), take(2), take(2)]);
    let _next = take(3);
    assert!(!one.pass().abort.is_aborted());
    let gone = crowd.each_ref().map(|seat| seat.pass().abort.is_aborted());
    assert_eq!(gone, [true, false, false], "the oldest of them");
}

#[test]
fn an_address_has_so_many_and_who_is_known_is_not_counted() {
    let limits = Limits {
        connections_per_address: 2,
        ..Limits::default()
    };
    let seats = seats(limits);
    let held = [1, 1].map(|last| seats.take(Abort::default(), peer(last)).unwrap());
    let full = |last| seats.take(Abort::default(), peer(last)).err();
    assert_eq!(full(1), Some(Full::Address));
    assert_eq!(full(2), None);
    held[0].is_asked_by(person(1));
    assert_eq!(full(1), None);
    let proxied = seats.take(Abort::default(), None).unwrap();
    let _third = seats.take(Abort::default(), peer(1)).unwrap();
    assert_eq!(proxied.is_of(peer(1).unwrap()), Err(Full::Address));
}

#[test]
fn each_thing_that_a_connection_has_shown_has_a_line_of_its_own() {
    let seats = seats(Limits::default());
    let take = |last| seats.take(Abort::default(), peer(last)).unwrap();
    let (arriving, first) = (take(1), take(2));
    assert_eq!(arriving.pass().line(), Line::Arriving);
    first.rises_to(Standing::Silent);
    assert_eq!(first.pass().line(), Line::Silent);
    first.rises_to(Standing::Stranger);
    assert_eq!(first.pass().line(), Line::Stranger);
    first.is_asked_by(person(1));
    let second = take(2);
    assert_eq!(second.pass().line(), Line::Familiar);
    drop((first, second));
    assert_eq!(take(2).pass().line(), Line::Arriving);
}

#[test]
fn the_oldest_handshake_makes_way() {
    let limits = Limits {
        handshakes_max: 2,
        handshakes_per_address: 3,
        ..Limits::default()
    };
    let seats = seats(limits);
    let held: Vec<_> = (0..3)
        .map(|_| seats.take(Abort::default(), peer(1)).unwrap())
        .collect();
    let aborted: Vec<_> = held.iter().map(|s| s.pass().abort.is_aborted()).collect();
    assert_eq!(aborted, [true, false, false]);
    held[1].rises_to(Standing::Silent);
    let _more = seats.take(Abort::default(), peer(1)).unwrap();
    assert!(!held[2].pass().abort.is_aborted());
}
