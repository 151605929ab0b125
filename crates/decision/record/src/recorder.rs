//! Appending: what a traffic thread does with its log.

use std::{
    future::Future,
    net::IpAddr,
    sync::{Arc, Mutex},
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
};

use gw_ledger::{
    ChangeRecord, ChangedFact, CodecFault, EndRecord, ExchangeRecord, FRAME_HEAD_BYTES, FrameHead,
    JudgementRecord, NoteRecord, Personal, PersonalFrame, Position, QuestionRecord, RecordRef,
    SALT_BYTES, commit, framed_bytes,
};
use gw_model::{JudgementId, Timestamp};
use rustc_hash::FxHashSet;

use crate::{
    log::{Log, Parked, locked},
    salts::Salts,
    segment::WriteHalf,
    strangers::Tally,
};

/// Room that a judgement leaves behind it, so that the exchange that names it lands in the same segment.
const EXCHANGE_ROOM: usize = 256;
const PERSONAL_ROOM: usize = 8 * 1024;

/// Why a log takes no more records after a page of its segment could not be had.
pub(crate) const DISK_FAILED: &str = "a page of its segment could not be had from the disk";

/// Room for a group of changes.
const READY_ROOM: usize = 128 * 1024;

/// Of each segment, as much is kept for an emergency as is needed for half an hour of one person.
const KEPT_ROOM: usize = 1024 * 1024;

/// Names that one record of a change holds, in bytes: it fits into the smallest segment.
const CHANGE_ROOM: usize = 16 * 1024;

const KIND_BYTES: usize = 4;
const COMMITMENT_BYTES: usize = 32;

/// A record was not accepted. Whatever waits for it must not happen, unless the operator has chosen otherwise.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unwritable {
    /// No segment can be reserved: the disk is full, or no file can be opened.
    #[error("no segment can be reserved for the log `{log}` ({why}); it is tried again by itself")]
    NoSpace {
        /// The log.
        log: Arc<str>,
        /// What the system says.
        why: Arc<str>,
    },
    /// Records come faster than the disk takes them.
    #[error(
        "the disk is too slow for the log `{log}`: records wait to be synced; it is tried again by itself"
    )]
    Behind {
        /// The log.
        log: Arc<str>,
    },
    /// Writing to disk failed before; what was written since may be lost.
    #[error("the log `{log}` failed: {why}; look at the disk and restart")]
    Failed {
        /// The log.
        log: Arc<str>,
        /// What failed.
        why: Arc<str>,
    },
    /// The record does not fit into any segment.
    #[error("a record of {bytes} bytes does not fit into a segment of the log `{log}`")]
    TooLarge {
        /// The log.
        log: Arc<str>,
        /// Its size.
        bytes: usize,
    },
    /// The record could not be encoded.
    #[error(transparent)]
    Codec(#[from] CodecFault),
    /// The ledger was closed.
    #[error("the log `{log}` was closed")]
    Closed {
        /// The log.
        log: Arc<str>,
    },
}

/// Appends to one log. One thread owns it.
pub struct Recorder {
    log: Arc<Log>,
    half: Option<WriteHalf>,
    /// Judgements that the current segment holds.
    judgements: FxHashSet<u64>,
    salts: Salts,
    payload: Vec<u8>,
    personal: Vec<u8>,
    tally: Arc<Tally>,
    /// Whether what is recorded may take the room that is kept for an emergency.
    urgent: bool,
    /// Whether there was no next segment, so that what is urgent goes on in this one.
    last_segment: bool,
}

impl Recorder {
    pub(crate) fn new(log: Arc<Log>, tally: Arc<Tally>) -> Self {
        let parked = log.unpark();
        let (half, judgements) = match parked {
            Some(parked) => (Some(parked.half), parked.judgements),
            None => (None, FxHashSet::default()),
        };
        Self {
            log,
            half,
            judgements,
            salts: Salts::new(),
            payload: Vec::with_capacity(4096),
            personal: Vec::with_capacity(PERSONAL_ROOM),
            tally,
            urgent: false,
            last_segment: false,
        }
    }

    /// Whether the current segment has this judgement, and room for an exchange that names it:
    /// then nothing need be put together for [`Recorder::judgement`].
    pub fn holds(&self, judgement: JudgementId) -> bool {
        let roomy = self
            .half
            .as_ref()
            .is_some_and(|half| self.suits(half, EXCHANGE_ROOM, PERSONAL_ROOM));
        roomy && self.judgements.contains(&judgement.bits())
    }

    /// Records a judgement, unless the current segment has it already.
    ///
    /// Call it before each exchange: it costs one look-up where nothing is to be done,
    /// and makes sure that the exchange which follows lands in the same segment.
    ///
    /// # Errors
    /// When it is not accepted.
    pub fn judgement(&mut self, record: &JudgementRecord) -> Result<(), Unwritable> {
        let id = record.judgement.bits();
        if self.holds(record.judgement) {
            return self.log.check();
        }
        self.append_leaving(
            RecordRef::Judgement(record),
            &Personal::default(),
            (EXCHANGE_ROOM, PERSONAL_ROOM),
        )?;
        self.judgements.insert(id);
        Ok(())
    }

    /// Records an exchange. When this returns, the record survives the death of the process.
    ///
    /// # Errors
    /// When it is not accepted; then nothing may be let through on it.
    pub fn exchange(
        &mut self,
        record: &ExchangeRecord,
        personal: &Personal<'_>,
    ) -> Result<Position, Unwritable> {
        self.personal.clear();
        personal.encode(&mut self.personal);
        let head = RecordRef::Exchange(record).head(!self.personal.is_empty());
        self.make_room(ExchangeRecord::BYTES, (0, 0))?;
        write(
            &self.log,
            self.half.as_mut(),
            &mut self.salts,
            head,
            &record.to_bytes(),
            &self.personal,
        )
    }

    /// Records how what an exchange opened came to its end.
    ///
    /// # Errors
    /// When it is not accepted.
    pub fn end(&mut self, record: &EndRecord) -> Result<(), Unwritable> {
        self.append(record, &Personal::default()).map(|_| ())
    }

    /// Counts a refusal of a stranger, or of a person who asks too much: whoever has a name.
    /// Summaries are written once a second to a log with a quota of its own.
    pub fn refused(
        &self,
        reason: &'static str,
        host: &str,
        name: &str,
        address: IpAddr,
        now: Timestamp,
    ) {
        self.tally.count(reason, host, name, address, now);
    }

    /// Records anything.
    ///
    /// # Errors
    /// When it is not accepted.
    pub fn append<'r>(
        &mut self,
        record: impl Into<RecordRef<'r>>,
        personal: &Personal<'_>,
    ) -> Result<Position, Unwritable> {
        self.append_leaving(record.into(), personal, (0, 0))
    }

    /// Resolves when the record at a position is on disk: fdatasync of its group has returned.
    pub fn synced(
        &self,
        position: Position,
    ) -> impl Future<Output = Result<(), Unwritable>> + Send + use<> {
        synced(self.log.clone(), position)
    }

    /// Records, leaving room for so many bytes of records and personal fields after it.
    fn append_leaving(
        &mut self,
        record: RecordRef<'_>,
        personal: &Personal<'_>,
        room: (usize, usize),
    ) -> Result<Position, Unwritable> {
        self.personal.clear();
        record.encode_personal(&mut self.personal);
        personal.encode(&mut self.personal);
        self.payload.clear();
        record.encode(&mut self.payload)?;
        self.make_room(self.payload.len(), room)?;
        let head = record.head(!self.personal.is_empty());
        write(
            &self.log,
            self.half.as_mut(),
            &mut self.salts,
            head,
            &self.payload,
            &self.personal,
        )
    }

    /// Whether an exchange would be recorded that names a judgement which the current segment
    /// [holds](Recorder::holds).
    ///
    /// # Errors
    /// When it would not.
    pub fn ready(&self) -> Result<(), Unwritable> {
        self.log.check()
    }

    /// Records with the room that is kept in each segment for an emergency: where there is no
    /// next segment, since the disk is full, what is recorded so still fits.
    pub fn urgently<T>(&mut self, record: impl FnOnce(&mut Self) -> T) -> T {
        let before = std::mem::replace(&mut self.urgent, true);
        let recorded = record(self);
        self.urgent = before;
        recorded
    }

    /// Whether a record may go into a segment: what is kept of it is for an emergency on its last.
    fn suits(&self, half: &WriteHalf, record: usize, personal: usize) -> bool {
        let kept = match self.urgent && self.last_segment {
            true => 0,
            false => KEPT_ROOM.min(self.log.segment_bytes() / 4),
        };
        half.fits(record + kept, personal + kept)
    }

    /// Whether so many bytes would be taken, in this segment or the next.
    fn takes(&mut self, bytes: usize) -> Result<(), Unwritable> {
        self.personal.clear();
        self.make_room(0, (bytes, bytes))
    }

    /// Whether what is urgent goes on in the segment that there is.
    fn goes_on(&mut self, record: usize, personal: usize) -> bool {
        let half = self.half.as_ref().filter(|_| self.urgent);
        let fits = half.is_some_and(|half| half.fits(record, personal));
        self.last_segment |= fits;
        fits
    }

    /// Moves on to the next segment where the current one has no room.
    fn make_room(&mut self, payload: usize, room: (usize, usize)) -> Result<(), Unwritable> {
        self.log.check()?;
        let record = framed_bytes(KIND_BYTES + COMMITMENT_BYTES + payload) + room.0;
        let personal = framed_bytes(KIND_BYTES + 4 + SALT_BYTES + self.personal.len()) + room.1;
        if let Some(half) = &self.half
            && self.suits(half, record, personal)
        {
            return Ok(());
        }
        let next = match self.log.take_segment() {
            Ok(next) => next,
            Err(Unwritable::NoSpace { .. }) if self.goes_on(record, personal) => return Ok(()),
            Err(other) => return Err(other),
        };
        self.last_segment = false;
        if let Some(full) = self.half.replace(next) {
            full.finish();
        }
        self.judgements.clear();
        let fits = self
            .half
            .as_ref()
            .is_some_and(|half| half.fits(record, personal));
        if fits {
            return Ok(());
        }
        Err(Unwritable::TooLarge {
            log: self.log.name.clone(),
            bytes: record.max(personal) + FRAME_HEAD_BYTES,
        })
    }
}

/// Writes a record for which there is room, its personal fields first: a record that is there has them.
fn write(
    log: &Log,
    half: Option<&mut WriteHalf>,
    salts: &mut Salts,
    head: FrameHead,
    payload: &[u8],
    personal: &[u8],
) -> Result<Position, Unwritable> {
    let half = half.ok_or_else(|| log.no_room())?;
    let index = half.next_index;
    let written = if personal.is_empty() {
        half.records.push(&[&head.to_bytes(), payload])
    } else {
        let salt = salts.draw().map_err(|_| Unwritable::Failed {
            log: log.name.clone(),
            why: Arc::from("the system's random generator gave nothing"),
        })?;
        let commitment = commit(&salt, personal);
        half.personal
            .push(&[
                &PersonalFrame::HEAD.to_bytes(),
                &index.to_le_bytes(),
                &salt,
                personal,
            ])
            .and_then(|()| half.records.push(&[&head.to_bytes(), &commitment, payload]))
    };
    written.ok_or_else(|| log.no_room())?;
    if half.is_broken() {
        log.fail(DISK_FAILED);
        return Err(Unwritable::Failed {
            log: log.name.clone(),
            why: Arc::from(DISK_FAILED),
        });
    }
    half.next_index += 1;
    Ok(Position {
        segment: half.segment.number,
        index,
    })
}

impl Recorder {
    /// Gives the log back: its sealer closes the segment, or another recorder goes on with it.
    fn park(&mut self) {
        let judgements = std::mem::take(&mut self.judgements);
        let half = self.half.take();
        self.log.park(half.map(|half| Parked { half, judgements }));
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.park();
    }
}

async fn synced(log: Arc<Log>, position: Position) -> Result<(), Unwritable> {
    let mut durable = log.durable.subscribe();
    log.wake_sealer();
    let reached = durable
        .wait_for(|durable| durable.until > position || durable.failure.is_some())
        .await;
    match reached {
        Ok(durable) if durable.until > position => Ok(()),
        Ok(durable) => Err(durable.failure.clone().unwrap_or_else(|| log.no_room())),
        Err(_) => Err(Unwritable::Closed {
            log: log.name.clone(),
        }),
    }
}

/// Appends to the control log: sign-ins, administration, changes of facts. Shared by all who need it.
#[derive(Clone)]
pub struct ControlRecorder {
    log: Arc<Log>,
    recorder: Arc<Mutex<Recorder>>,
    urgent: bool,
}

impl ControlRecorder {
    pub(crate) fn new(recorder: Recorder) -> Self {
        Self {
            log: recorder.log.clone(),
            recorder: Arc::new(Mutex::new(recorder)),
            urgent: false,
        }
    }

    /// Records, and resolves when the record is on disk.
    ///
    /// # Errors
    /// When it is not accepted or cannot be synced; then what it records must not happen.
    pub async fn append(
        &self,
        record: impl Into<RecordRef<'_>>,
        personal: &Personal<'_>,
    ) -> Result<Position, Unwritable> {
        let position = self.write(record.into(), personal)?;
        synced(self.log.clone(), position).await?;
        Ok(position)
    }

    /// As [`ControlRecorder::append`], for threads that may block.
    ///
    /// # Errors
    /// As there.
    pub fn append_blocking<'r>(
        &self,
        record: impl Into<RecordRef<'r>>,
        personal: &Personal<'_>,
    ) -> Result<Position, Unwritable> {
        let position = self.write(record.into(), personal)?;
        wait_for(synced(self.log.clone(), position))?;
        Ok(position)
    }

    /// Records what changed and waits until it is on disk. A change of very many facts takes
    /// several records of its epoch, so that none is too large for a segment.
    ///
    /// # Errors
    /// When it is not accepted, or not as a whole: [`RecordedChanges`](crate::RecordedChanges)
    /// then lacks it.
    pub fn change_blocking(&self, mut record: ChangeRecord) -> Result<(), Unwritable> {
        let mut rest = std::mem::take(&mut record.changes);
        loop {
            let later = rest.split_off(facts_that_fit(&rest));
            record.changes = std::mem::replace(&mut rest, later);
            self.append_blocking(&record, &Personal::default())?;
            if rest.is_empty() {
                return Ok(());
            }
        }
    }

    /// Whether records would be taken: to be asked before something is done that has to be recorded.
    ///
    /// # Errors
    /// When they would not.
    pub fn ready(&self) -> Result<(), Unwritable> {
        let bytes = READY_ROOM.min(self.log.segment_bytes() / 4);
        locked(&self.recorder).takes(bytes)
    }

    /// As [`ControlRecorder::ready`], of what is recorded urgently.
    ///
    /// # Errors
    /// When it would not be taken.
    pub fn ready_urgently(&self) -> Result<(), Unwritable> {
        let bytes = READY_ROOM.min(self.log.segment_bytes() / 16);
        locked(&self.recorder).urgently(|recorder| recorder.takes(bytes))
    }

    /// Records with the room that is kept for an emergency.
    #[must_use]
    pub fn urgent(&self) -> Self {
        Self {
            urgent: true,
            ..self.clone()
        }
    }

    /// Gives the log back when the ledger closes.
    pub(crate) fn park(&self) {
        locked(&self.recorder).park();
    }

    fn write(
        &self,
        record: RecordRef<'_>,
        personal: &Personal<'_>,
    ) -> Result<Position, Unwritable> {
        let mut recorder = locked(&self.recorder);
        match self.urgent {
            true => recorder.urgently(|recorder| recorder.append(record, personal)),
            false => recorder.append(record, personal),
        }
    }
}

/// How many facts, from the first, one record tells of: at least one, where there is one.
fn facts_that_fit(changes: &[ChangedFact]) -> usize {
    let mut bytes = 0;
    let over = |change: &ChangedFact| {
        bytes += change.kind.len() + change.subject.len();
        bytes > CHANGE_ROOM
    };
    let fitting = changes.iter().position(over).unwrap_or(changes.len());
    fitting.max(1).min(changes.len())
}

struct Unparker(Thread);

impl Wake for Unparker {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Runs a future to its end on this thread.
fn wait_for<F: Future>(future: F) -> F::Output {
    let waker = Waker::from(Arc::new(Unparker(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = std::pin::pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

const _: fn() = || {
    fn sendable<T: Send>() {}
    fn shareable<T: Send + Sync>() {}
    sendable::<Recorder>();
    shareable::<ControlRecorder>();
};

// Kinds that callers append by name.
const _: fn(&ChangeRecord, &QuestionRecord, &NoteRecord) = |change, question, note| {
    let _: [RecordRef<'_>; 3] = [change.into(), question.into(), note.into()];
};
