/// What would be refused if the caller did not accept it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Accepted {
    /// Files that revert others and were edited since.
    pub(crate) edited_downs: bool,
    /// Files that may lose data.
    pub(crate) destructive: bool,
    /// Schemas that are not what the files make, where files are recorded without running them.
    pub(crate) differences: bool,
}
