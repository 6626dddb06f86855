//! Tickets (contract C-74 … C-80, X-87).

pub(super) mod action;
pub(super) mod comment;
mod wire;

use crm_domain::{
    field::{Check, Patch},
    id::UserId,
    tenant::{
        label::Labels,
        ticket::{self, TicketField},
    },
};

use super::{
    context::{Delete, Write},
    id::TICKET,
    noun::{CustomMembers, Notes, Noun, Paths, View, paths, reads},
};

use wire::TicketChanges;
pub(crate) use wire::{Ticket, TicketRequest};

impl Noun for ticket::Ticket {
    const PREFIX: &'static str = TICKET;
    const PLURAL: &'static str = "tickets";
    const PATHS: Paths = paths!("/api/tickets");
    const NOTES: Notes = Notes {
        create: "Its due times follow from the SLA policy for its priority.",
        remove: "Its comments can be reached no more, until it is restored.",
        ..Notes::NONE
    };
    type Field = TicketField;
    type Request = TicketRequest;
    type Changes = TicketChanges;
    type Resource = Ticket;
    type Writing = Write;
    type Removing = Delete;

    reads!(tickets);

    fn draft(request: TicketRequest, check: &mut Check) -> Self::Draft {
        request.draft(check)
    }

    fn custom_fields(request: &mut TicketRequest) -> CustomMembers {
        std::mem::take(&mut request.custom_fields)
    }

    fn owner(draft: &Self::Draft) -> Option<&Patch<UserId>> {
        Some(&draft.owner_id)
    }

    fn show(self, labels: Labels, view: View) -> Ticket {
        Ticket::of(self, labels, view.tenant)
    }
}
