//! Tasks: what somebody is to do, and by when (contract ).

pub(super) mod action;
mod wire;

use crm_domain::{
    field::{Check, Patch},
    id::UserId,
    stamp::Stamp,
    tenant::{
        label::Labels,
        task::{self, TaskField},
    },
};

use super::{
    context::{Delete, Write},
    noun::{CustomMembers, Noun, Paths, Switch, View, paths, reads},
    word::TASK,
};

use wire::TaskChanges;
pub(crate) use wire::{Task, TaskRequest};

impl Noun for task::Task {
    const PREFIX: &'static str = TASK;
    const PLURAL: &'static str = "tasks";
    const PATHS: Paths = paths!("/api/tasks");
    type Field = TaskField;
    type Request = TaskRequest;
    type Changes = TaskChanges;
    type Resource = Task;
    type Writing = Write;
    type Removing = Delete;

    reads!(tasks);

    fn draft(request: TaskRequest, check: &mut Check) -> Self::Draft {
        request.draft(check)
    }

    fn custom_fields(request: &mut TaskRequest) -> CustomMembers {
        std::mem::take(&mut request.custom_fields)
    }

    fn owner(draft: &Self::Draft) -> Option<&Patch<UserId>> {
        Some(&draft.owner_id)
    }

    fn switches(now: Stamp) -> Vec<Switch<TaskField>> {
        vec![Switch {
            name: "overdue",
            description: "`true`: only tasks that are still to be done and were due before now.",
            conditions: task::overdue(now).into(),
        }]
    }

    fn show(self, labels: Labels, view: View) -> Task {
        Task::of(self, labels, view.tenant, view.now)
    }
}
