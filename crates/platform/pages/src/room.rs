//! Room for the bodies of requests: how long one may be, and how much of them all is held at once.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use gw_model::Principal;
use http::Method;

/// How long the body of a request may be, by its method and path.
pub type Longest = fn(&Method, &str) -> usize;

/// How long bodies may be, and how much of them all is held at once.
#[derive(Clone)]
pub struct Bodies {
    longest: Longest,
    room: Option<Room>,
    /// Where the room is for.
    shares: fn(&str) -> bool,
}

impl Bodies {
    /// Bodies so long, with no bound on how many there are: for pages, which take forms.
    pub const fn unshared(longest: Longest) -> Self {
        Self {
            longest,
            room: None,
            shares: |_| false,
        }
    }

    /// Bodies so long, which share a room.
    pub const fn within(longest: Longest, room: Room) -> Self {
        Self::within_at(longest, room, |_| true)
    }

    /// Bodies so long, of which those at some paths share a room.
    pub const fn within_at(longest: Longest, room: Room, shares: fn(&str) -> bool) -> Self {
        let room = Some(room);
        Self {
            longest,
            room,
            shares,
        }
    }

    /// The longest body of such a request.
    pub fn longest(&self, method: &Method, path: &str) -> usize {
        (self.longest)(method, path)
    }

    /// A place for a body of so many bytes at a path, before it is read.
    ///
    /// # Errors
    /// When there is no room now.
    pub fn place(&self, of: Principal, path: &str, bytes: usize) -> Result<Place, NoRoom> {
        let shares = bytes > 0 && (self.shares)(path);
        let room = self.room.as_ref().filter(|_| shares);
        let held = room.map(|room| room.take(of, bytes)).transpose()?;
        Ok(Place(held))
    }
}

/// Bytes of bodies that may be held at once: of one who asks, and of all.
#[derive(Debug, Clone)]
pub struct Room(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    of_one: usize,
    of_all: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    of: HashMap<Principal, usize>,
}

/// Why there is no room for a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoRoom {
    /// Who asks holds as much as one may.
    OfOne,
    /// All that there is, is held.
    OfAll,
}

impl Room {
    /// Room for so many bytes of one who asks, and for so many of all.
    pub fn new(of_one: usize, of_all: usize) -> Self {
        Self(Arc::new(Shared {
            of_one,
            of_all,
            taken: Mutex::default(),
        }))
    }

    fn take(&self, of: Principal, bytes: usize) -> Result<Held, NoRoom> {
        let mut taken = self.0.taken();
        let own = taken.of.get(&of).copied().unwrap_or_default();
        if own + bytes > self.0.of_one {
            return Err(NoRoom::OfOne);
        }
        if taken.all + bytes > self.0.of_all {
            return Err(NoRoom::OfAll);
        }
        taken.all += bytes;
        taken.of.insert(of, own + bytes);
        Ok(Held {
            room: Arc::clone(&self.0),
            of,
            bytes,
        })
    }
}

impl Shared {
    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What one body holds of a room until it is dropped.
#[derive(Debug)]
struct Held {
    room: Arc<Shared>,
    of: Principal,
    bytes: usize,
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut taken = self.room.taken();
        taken.all = taken.all.saturating_sub(self.bytes);
        if let Some(own) = taken.of.get_mut(&self.of) {
            *own = own.saturating_sub(self.bytes);
            if *own == 0 {
                taken.of.remove(&self.of);
            }
        }
    }
}

/// A place for one body.
#[derive(Debug)]
pub struct Place(Option<Held>);

impl Place {
    /// The body that was read into the place, which is free again once nobody holds the body.
    pub fn filled(self, body: impl Into<Bytes>) -> Bytes {
        let body = body.into();
        match self.0 {
            Some(held) => Bytes::from_owner(Filled { body, _held: held }),
            None => body,
        }
    }
}

struct Filled {
    body: Bytes,
    _held: Held,
}

impl AsRef<[u8]> for Filled {
    fn as_ref(&self) -> &[u8] {
        &self.body
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_who_asks_takes_so_much_and_all_so_much_and_it_is_free_again_behind_them() {
        let bodies = Bodies::within(|_, _| 10, Room::new(10, 15));
        let [ana, bo] = [1, 2].map(Principal::Local);
        let place = bodies.place(ana, "/", 8).unwrap();
        assert_eq!(bodies.place(ana, "/", 8).unwrap_err(), NoRoom::OfOne);
        assert_eq!(bodies.place(bo, "/", 8).unwrap_err(), NoRoom::OfAll);
        let held = bodies.place(bo, "/", 7).unwrap();
        let body = place.filled(vec![1; 8]);
        let second = body.clone();
        drop(body);
        assert!(
            bodies.place(ana, "/", 8).is_err(),
            "somebody still holds it"
        );
        drop(second);
        drop(held);
        assert!(bodies.place(ana, "/", 10).is_ok());
    }

    #[test]
    fn what_has_no_body_needs_no_room_and_pages_share_none() {
        let bodies = Bodies::within(|_, _| 10, Room::new(0, 0));
        assert!(bodies.place(Principal::Anonymous, "/", 0).is_ok());
        let pages = Bodies::unshared(|_, _| 10);
        let places: Vec<_> = (0..100)
            .map(|_| pages.place(Principal::Anonymous, "/", 10))
            .collect();
        assert!(places.iter().all(Result::is_ok));
    }

    #[test]
    fn a_room_may_be_for_some_paths_alone() {
        let bodies = Bodies::within_at(|_, _| 10, Room::new(5, 5), |path| path == "/big");
        let of = Principal::Anonymous;
        let held = bodies.place(of, "/big", 5).unwrap();
        assert!(bodies.place(of, "/big", 1).is_err());
        assert!(bodies.place(of, "/small", 10).is_ok());
        drop(held);
        assert!(bodies.place(of, "/big", 5).is_ok());
    }
}
