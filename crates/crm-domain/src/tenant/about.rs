//! What a record is about: the records that an activity or a task names.

use crate::{
    id::{AccountId, ContactId, LeadId, OpportunityId, TicketId},
    tenant::{change::EntityKind, link::Reference},
};

/// Declares what records can be about: each noun's field, id and kind.
macro_rules! about {
    ($($field:ident: $id:ident of $kind:ident;)*) => {
        /// The records that a record is about; each may be missing.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
        #[allow(missing_docs, reason = "the names say it")]
        pub struct About {
            $(pub $field: Option<$id>,)*
        }

        impl About {
            /// What each field refers to.
            pub(crate) fn references(self) -> Vec<Reference> {
                let all = [$(Reference::of(stringify!($field), EntityKind::$kind, self.$field)),*];
                all.into_iter().flatten().collect()
            }
        }
    };
}

about! {
    account_id: AccountId of Account;
    contact_id: ContactId of Contact;
    lead_id: LeadId of Lead;
    opportunity_id: OpportunityId of Opportunity;
    ticket_id: TicketId of Ticket;
}
