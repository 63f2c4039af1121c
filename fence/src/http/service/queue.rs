//! Frames that were read ahead of the handler, and how much they hold.

use std::collections::VecDeque;

use bytes::Buf;
use http_body::Frame;

/// Counts what is held, and not only the data: of tiny chunks a frame is a hundred times as large
/// as what is in it.
pub(crate) struct Queue<D> {
    frames: VecDeque<Frame<D>>,
    /// The data in them.
    bytes: usize,
    /// What there was in frames that were thrown away, and these themselves.
    discarded: usize,
}

/// That many bytes of frames are allowed for, however little may be read ahead.
const FEW_FRAMES: usize = 1024;

impl<D: Buf> Queue<D> {
    pub(crate) const FRAME: usize = size_of::<Frame<D>>();

    pub(crate) fn new() -> Self {
        Self {
            frames: VecDeque::new(),
            bytes: 0,
            discarded: 0,
        }
    }

    /// Whether there is room for another frame: the data may take `limit`, and the frames as much.
    pub(crate) fn has_room(&self, limit: usize) -> bool {
        let frames = self.frames.len().saturating_add(1) * Self::FRAME;
        self.bytes < limit && frames <= limit.max(FEW_FRAMES)
    }

    /// Whether another frame may be thrown away.
    pub(crate) fn may_discard(&self, limit: usize) -> bool {
        self.discarded < limit
    }

    pub(crate) fn push(&mut self, frame: Frame<D>) {
        self.bytes += size(&frame);
        self.frames.push_back(frame);
    }

    pub(crate) fn pop(&mut self) -> Option<Frame<D>> {
        let frame = self.frames.pop_front()?;
        self.bytes -= size(&frame);
        Some(frame)
    }

    /// Of a frame that is thrown away.
    pub(crate) fn discard(&mut self, frame: &Frame<D>) {
        self.discarded += size(frame) + Self::FRAME;
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// All of them, to be dropped; they count as thrown away.
    pub(crate) fn clear(&mut self) -> VecDeque<Frame<D>> {
        self.discarded += self.bytes + self.frames.len() * Self::FRAME;
        self.bytes = 0;
        std::mem::take(&mut self.frames)
    }
}

/// How many bytes of data are in it; of trailers, about what they take.
pub(crate) fn size<D: Buf>(frame: &Frame<D>) -> usize {
    let field = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        name.as_str().len() + value.len() + size_of::<http::HeaderValue>()
    };
    match (frame.data_ref(), frame.trailers_ref()) {
        (Some(data), _) => data.remaining(),
        (None, Some(trailers)) => trailers.iter().map(field).sum(),
        (None, None) => 0,
    }
}
