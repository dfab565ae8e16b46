-- What the study found, a CSV a table, for compare.py: after the files of sql/reproduce/crlm, with `--set out=FOLDER`.

COPY (SELECT cohort, patient_id, region, voxels, volume_ml FROM lesions) TO ':out/lesions.csv' STORED AS CSV;

COPY (SELECT patient_id, feature, value
      FROM unpivot_features((SELECT concat(cohort, ' ', patient_id) AS patient_id, radiomics, deep FROM features), id => patient_id))
TO ':out/features.csv' STORED AS CSV;

COPY (SELECT cohort, patient_id, split FROM cohort) TO ':out/split.csv' STORED AS CSV;

COPY correlation TO ':out/correlation.csv' STORED AS CSV;

COPY univariate TO ':out/univariate.csv' STORED AS CSV;

COPY candidates TO ':out/candidates.csv' STORED AS CSV;

COPY (SELECT t['term'] AS term, t['coef'] AS coef, lambda FROM (SELECT unnest(terms) AS t, lambda FROM signature))
TO ':out/signature.csv' STORED AS CSV;

COPY scored TO ':out/scored.csv' STORED AS CSV;

COPY baseline TO ':out/baseline.csv' STORED AS CSV;

COPY hazard_ratios TO ':out/hazard_ratios.csv' STORED AS CSV;

COPY medians TO ':out/medians.csv' STORED AS CSV;

COPY log_rank_tests TO ':out/log_rank_tests.csv' STORED AS CSV;

COPY (SELECT split, risk, time, survival, lower, upper
      FROM survival_at(scored, time => os_months, event => dead, times => [12, 36, 60], by => [split, risk]))
TO ':out/survival_at.csv' STORED AS CSV;

COPY concordances TO ':out/concordances.csv' STORED AS CSV;

COPY (SELECT split, first, second, n, c_first, c_second, difference, lower, upper, p
      FROM compare_concordance(scored, time => os_months, event => dead, scores => [rad_score, clinrisk_score], by => split))
TO ':out/concordance_differences.csv' STORED AS CSV;

COPY areas TO ':out/areas.csv' STORED AS CSV;

COPY (SELECT split, first, second, t, auc_first, auc_second, difference, lower, upper, p
      FROM compare_time_roc(scored, time => os_months, event => dead, marker => [rad_score, clinrisk_score], times => [12, 24, 36], by => split))
TO ':out/area_differences.csv' STORED AS CSV;

COPY risks TO ':out/risks.csv' STORED AS CSV;

COPY (SELECT split, n, observed, expected, oe, oe_lower, oe_upper, slope, slope_lower, slope_upper, gnd_p
      FROM calibration_summary((SELECT os_months, dead, predicted_risk, split FROM risks), time => os_months, event => dead, predicted => predicted_risk, at => :horizon, bins => 4, by => split))
TO ':out/calibration.csv' STORED AS CSV;

COPY abstract TO ':out/abstract.csv' STORED AS CSV;
