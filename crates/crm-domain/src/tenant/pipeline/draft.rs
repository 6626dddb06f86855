//! What callers say of pipelines and stages, and how it becomes valid fields.

use super::{DEFAULT_STAGES, PipelineFields, StageFields, StageKind};
use crate::{
    error::{Problem, Result},
    field::{Check, Patch, Text, parse_integer},
    id::PipelineId,
};

/// Most stages of a pipeline.
pub const STAGES_MAX: usize = 50;

/// What a caller says of a pipeline, unparsed. Serves creation and update alike.
#[derive(Debug, Default)]
pub struct PipelineDraft {
    /// Its name.
    pub name: Patch<String>,
    /// Whether it becomes the default one.
    pub is_default: Patch<bool>,
    /// A new pipeline's stages, in order, each with what was noted of it; an existing one's are changed one by one.
    pub stages: Patch<Vec<(StageDraft, Check)>>,
}

/// What a caller says of a stage, unparsed; the probability as its decimal text.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs, reason = "the fields of StageFields")]
pub struct StageDraft {
    pub name: Patch<String>,
    /// Left out, 100 for a won stage, 0 for a lost one, and 10 for an open one.
    pub probability: Patch<String>,
    /// `open`, `won` or `lost`, whatever its case; open when left out.
    pub kind: Patch<String>,
}

impl PipelineDraft {
    /// Parses a new pipeline and its stages.
    pub(super) fn parse(self, mut check: Check) -> Result<(PipelineFields, Vec<Parsed>)> {
        let name = check.required("name", self.name, None, Text::parse);
        let stages: Vec<Parsed> = match self.stages {
            Patch::Keep | Patch::Clear => DEFAULT_STAGES.iter().map(|stage| default_stage(*stage)).collect(),
            Patch::Set(drafts) => parse_stages(drafts, &mut check)?,
        };
        check_stages(&stages, &mut check);
        let is_default = self.is_default == Patch::Set(true);
        let fields = name.map(|name| PipelineFields { name, is_default });
        Ok((check.finish_with(fields)?, stages))
    }
}

impl PipelineFields {
    /// Parses an update of `self`: fields the draft does not mention stay.
    pub(super) fn updated(&self, draft: PipelineDraft, mut check: Check) -> Result<Self> {
        let name = check.required("name", draft.name, Some(self.name.clone()), Text::parse);
        if self.is_default && draft.is_default == Patch::Set(false) {
            let rule = "stays true until another pipeline becomes the default one";
            check.fail("is_default", Problem::Rule(rule.to_owned()));
        }
        let is_default = draft.is_default.or_current(Some(self.is_default)).unwrap_or(self.is_default);
        check.finish_with(name.map(|name| Self { name, is_default }))
    }
}

/// A stage as it was parsed, wherever it will stand.
pub(super) struct Parsed {
    pub(super) name: Option<Text<100>>,
    pub(super) probability: i64,
    pub(super) kind: StageKind,
}

impl Parsed {
    /// The fields of a stage whose check passed.
    pub(super) fn fields(self, pipeline_id: PipelineId, position: i64) -> StageFields {
        StageFields {
            pipeline_id,
            name: self.name.unwrap_or_else(|| Text::from_store(String::new())),
            position,
            probability: self.probability,
            kind: self.kind,
        }
    }
}

fn default_stage((name, probability, kind): (&str, i64, StageKind)) -> Parsed {
    Parsed {
        name: Some(Text::from_store(name.to_owned())),
        probability,
        kind,
    }
}

impl StageDraft {
    /// Parses a stage; fields the draft does not mention are those of `current`.
    pub(super) fn merge(self, current: Option<&StageFields>, check: &mut Check) -> Parsed {
        let name = check.required("name", self.name, current.map(|stage| stage.name.clone()), Text::parse);
        let kind = check.optional("kind", self.kind, current.map(|stage| stage.kind), parse_kind);
        let kind = kind.unwrap_or(StageKind::Open);
        // A stage that becomes one of another kind brings the probability of that kind.
        let current = current.filter(|stage| stage.kind == kind).map(|stage| stage.probability);
        let given = check.optional("probability", self.probability, current, |text| parse_integer(text, 0, 100));
        let probability = given.unwrap_or(match kind {
            StageKind::Open => 10,
            StageKind::Won => 100,
            StageKind::Lost => 0,
        });
        Parsed { name, probability, kind }
    }
}

fn parse_kind(word: &str) -> Result<StageKind, Problem> {
    StageKind::parse(&word.trim().to_lowercase()).ok_or_else(|| Problem::Choice {
        allowed: StageKind::WORDS.map(str::to_owned).to_vec(),
    })
}

/// A stage's problems are told as `stages[0].name`.
fn parse_stages(drafts: Vec<(StageDraft, Check)>, check: &mut Check) -> Result<Vec<Parsed>> {
    let parse = |(index, (draft, mut own)): (usize, (StageDraft, Check))| {
        let parsed = draft.merge(None, &mut own);
        check.within(&format!("stages[{index}]"), own.finish())?;
        Ok(parsed)
    };
    drafts.into_iter().enumerate().map(parse).collect()
}

/// A pipeline has an open, a won and a lost stage, not too many, and no two of one name.
fn check_stages(stages: &[Parsed], check: &mut Check) {
    if stages.len() > STAGES_MAX {
        check.fail("stages", Problem::Rule(format!("must be at most {STAGES_MAX}")));
    }
    let missing = StageKind::ALL
        .into_iter()
        .find(|kind| !stages.iter().any(|stage| stage.kind == *kind));
    if let Some(kind) = missing {
        let rule = format!("must contain a stage of the kind {}", kind.as_str());
        check.fail("stages", Problem::Rule(rule));
    }
    let mut keys: Vec<_> = stages
        .iter()
        .filter_map(|stage| Some(stage.name.as_ref()?.to_lowercase()))
        .collect();
    keys.sort_unstable();
    if keys.windows(2).any(|pair| pair[0] == pair[1]) {
        check.fail("stages", Problem::Rule("must have different names".to_owned()));
    }
}
