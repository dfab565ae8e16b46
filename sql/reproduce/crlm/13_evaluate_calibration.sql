-- Are predicted risks right, and worth acting on?
--
-- The risk of death within `horizon` months by a Cox model of the Rad score alone, fitted on the training set, applied to the
-- test set and the external cohort.

\set horizon 36

CREATE TABLE risks AS
  SELECT s.cohort, s.patient_id, s.split, s.os_months, s.dead, 1 - p.survival AS predicted_risk
  FROM predict_survival((SELECT os_months, dead, rad_score FROM scored WHERE split = 'train'), time => os_months, event => dead,
                        new => (SELECT concat(cohort, ' ', patient_id) AS who, rad_score FROM scored), id => who, times => :horizon) AS p
  JOIN (SELECT concat(cohort, ' ', patient_id) AS who, * FROM scored) AS s ON s.who = p.who;

SELECT split, n, observed, expected, oe, oe_lower, oe_upper, slope, slope_lower, slope_upper, gnd_p
FROM calibration_summary((SELECT os_months, dead, predicted_risk, split FROM risks), time => os_months, event => dead, predicted => predicted_risk, at => :horizon, bins => 4, by => split)
ORDER BY CASE split WHEN 'train' THEN 1 WHEN 'test' THEN 2 ELSE 3 END;

SELECT split, svg FROM calibration_plot((SELECT os_months, dead, predicted_risk, split FROM risks), time => os_months, event => dead, predicted => predicted_risk, at => :horizon, bins => 4, by => split)
ORDER BY CASE split WHEN 'train' THEN 1 WHEN 'test' THEN 2 ELSE 3 END;

SELECT split, svg FROM decision_curve_plot((SELECT os_months, dead, predicted_risk, split FROM risks), time => os_months, event => dead, predicted => predicted_risk, at => :horizon, by => split)
ORDER BY CASE split WHEN 'train' THEN 1 WHEN 'test' THEN 2 ELSE 3 END;
