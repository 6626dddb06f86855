//! The states of a ticket, and which may follow which.

crate::words! {
    /// Where a ticket stands.
    pub enum TicketStatus {
        /// Nobody took it up yet.
        New,
        /// Somebody works on it.
        Open,
        /// It waits for whoever raised it.
        Pending,
        /// It is settled; whoever raised it may disagree.
        Resolved,
        /// It is done with.
        Closed,
    }
}

impl TicketStatus {
    /// Whether the ticket waits for the team, so that its time runs.
    pub fn is_running(self) -> bool {
        matches!(self, Self::New | Self::Open)
    }

    /// Whether nobody has to do anything any more.
    pub fn is_settled(self) -> bool {
        matches!(self, Self::Resolved | Self::Closed)
    }

    /// Whether a ticket in this state may be put into `next`. Nothing becomes new again; what is settled is reopened before it waits, and
    /// what is closed before it is resolved.
    pub fn may_become(self, next: Self) -> bool {
        match (self, next) {
            (Self::New | Self::Open | Self::Pending, Self::Open | Self::Pending | Self::Resolved | Self::Closed)
            | (Self::Resolved, Self::Open | Self::Closed)
            | (Self::Closed, Self::Open) => true,
            (Self::Resolved | Self::Closed, Self::Pending) | (Self::Closed, Self::Resolved) | (_, Self::New) => self == next,
            (Self::Resolved, Self::Resolved) | (Self::Closed, Self::Closed) => true,
        }
    }

    /// The state as it follows `is`.
    pub fn adjective(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Open => "open",
            Self::Pending => "pending",
            Self::Resolved => "resolved",
            Self::Closed => "closed",
        }
    }
}

/// What people do to a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TicketAction {
    /// Give it to somebody, who takes it up.
    Assign,
    /// Say that it is settled.
    Resolve,
    /// Be done with it.
    Close,
    /// Work on it again.
    Reopen,
}

impl TicketAction {
    /// Every action.
    pub const ALL: [Self; 4] = [Self::Assign, Self::Resolve, Self::Close, Self::Reopen];

    /// The state that it leads to; `None` where it is not allowed.
    pub fn leads_to(self, status: TicketStatus) -> Option<TicketStatus> {
        use TicketStatus::{Closed, New, Open, Pending, Resolved};
        match (self, status) {
            (Self::Assign, New) | (Self::Reopen, Resolved | Closed) => Some(Open),
            (Self::Assign, Open | Pending | Resolved) => Some(status),
            (Self::Resolve, New | Open | Pending) => Some(Resolved),
            (Self::Close, New | Open | Pending | Resolved) => Some(Closed),
            (Self::Assign | Self::Close, Closed) | (Self::Resolve, Resolved | Closed) | (Self::Reopen, New | Open | Pending) => None,
        }
    }

    /// The action as it follows `cannot be`.
    pub fn participle(self) -> &'static str {
        match self {
            Self::Assign => "assigned",
            Self::Resolve => "resolved",
            Self::Close => "closed",
            Self::Reopen => "reopened",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{TicketStatus::*, *};

    #[test]
    fn every_step_is_allowed_or_not() {
        let allowed = |from: TicketStatus| TicketStatus::ALL.iter().copied().filter(move |next| from.may_become(*next));
        for (from, next) in [
            (New, vec![New, Open, Pending, Resolved, Closed]),
            (Open, vec![Open, Pending, Resolved, Closed]),
            (Pending, vec![Open, Pending, Resolved, Closed]),
            (Resolved, vec![Open, Resolved, Closed]),
            (Closed, vec![Open, Closed]),
        ] {
            assert_eq!(allowed(from).collect::<Vec<_>>(), next, "{from:?}");
        }
    }

    #[test]
    fn actions_take_only_steps_that_are_allowed() {
        for action in TicketAction::ALL {
            for from in TicketStatus::ALL {
                let next = action.leads_to(*from);
                assert!(next.is_none_or(|next| from.may_become(next)), "{action:?} {from:?}");
            }
            assert!(TicketStatus::ALL.iter().any(|from| action.leads_to(*from).is_none()), "{action:?}");
        }
    }

    #[test]
    fn time_runs_in_no_state_that_is_settled() {
        let running: Vec<_> = TicketStatus::ALL.iter().filter(|status| status.is_running()).collect();
        let settled: Vec<_> = TicketStatus::ALL.iter().filter(|status| status.is_settled()).collect();
        assert_eq!((running, settled), (vec![&New, &Open], vec![&Resolved, &Closed]));
    }
}
