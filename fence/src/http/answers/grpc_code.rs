//! The codes of gRPC.

/// A status code of gRPC that says that a call has failed.
///
/// # Examples
///
/// ```
/// use fence::GrpcCode;
///
/// assert_eq!(GrpcCode::DeadlineExceeded as i32, 4);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(i32)]
pub enum GrpcCode {
    /// 1: the caller gave up.
    Cancelled = 1,
    /// 2: nobody knows better.
    Unknown = 2,
    /// 3: the call makes no sense, whatever the state.
    InvalidArgument = 3,
    /// 4: the time was up.
    DeadlineExceeded = 4,
    /// 5: what was asked for is not there.
    NotFound = 5,
    /// 6: what was to be made is there.
    AlreadyExists = 6,
    /// 7: the caller may not.
    PermissionDenied = 7,
    /// 8: out of something, such as a quota.
    ResourceExhausted = 8,
    /// 9: the state does not allow it.
    FailedPrecondition = 9,
    /// 10: somebody else came in between; try again from a step further back.
    Aborted = 10,
    /// 11: past the end.
    OutOfRange = 11,
    /// 12: not offered here.
    Unimplemented = 12,
    /// 13: something that should hold does not.
    Internal = 13,
    /// 14: not now; try again.
    Unavailable = 14,
    /// 15: data is lost.
    DataLoss = 15,
    /// 16: who is calling?
    Unauthenticated = 16,
}
