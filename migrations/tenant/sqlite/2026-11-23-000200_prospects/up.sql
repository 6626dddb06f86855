-- What family B keeps of a lead as a prospect (the lead itself once it is converted), and of an opportunity. The status is null until somebody
-- says where the prospect stands; until then it follows from the lead.
ALTER TABLE lead ADD COLUMN prospect_status TEXT;
ALTER TABLE lead ADD COLUMN prospect_reason TEXT;
ALTER TABLE lead ADD COLUMN next_action TEXT;
ALTER TABLE lead ADD COLUMN next_action_date TEXT;
ALTER TABLE lead ADD COLUMN pain_points TEXT;
ALTER TABLE lead ADD COLUMN budget_range TEXT;
ALTER TABLE lead ADD COLUMN decision_maker BOOLEAN;
ALTER TABLE lead ADD COLUMN fit_score TEXT;
ALTER TABLE opportunity ADD COLUMN competitors TEXT;
