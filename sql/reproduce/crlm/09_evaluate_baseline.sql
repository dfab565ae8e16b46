-- Who are the patients, set by set?
--
-- Evaluation: from here on nothing is chosen. The paper's baseline table; p of the rank-sum test or of counts.

CREATE TABLE baseline AS
  SELECT line, variable, level, max(text) FILTER (WHERE stratum = 'train') AS training, max(text) FILTER (WHERE stratum = 'test') AS testing,
         max(text) FILTER (WHERE stratum = 'external') AS external, max(p) AS p
  FROM table_one((SELECT split, age, male, major_comorbidity, chemotherapy, clinrisk_score, extrahepatic_disease, steatosis, volume_ml, dead
                  FROM scored), by => split)
  GROUP BY line, variable, level;

SELECT variable, level, training, testing, external, p FROM baseline ORDER BY line;
