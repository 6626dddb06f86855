//! The port to a service desk (HaloPSA), to which leads are handed on (contract B-10, X-45, X-54). A deployment without one has no adapter: it says
//! so, and invents no ticket.

/// A service desk.
pub trait ServiceDesk: Send + Sync + 'static {
    /// Asks whether it answers now. `told` hears of it on any thread, at once or later: it must not block.
    fn probe(&self, told: Told);
}

/// Hears whether a service desk answers.
pub type Told = Box<dyn FnOnce(bool) + Send>;
