#!/bin/sh
# Makes crlm_*.csv: what sql/reproduce/crlm must give, by PyRadiomics, ONNX Runtime and R (examples/peer, whose README says what
# is needed): crlm_make.sh RADSQL PYTHON WORK
#
# With 80 + 32 patients the study finds a signature of ten terms and no fit is degenerate. Of radsql only the cohort is taken.
#
# Tables that deep features enter need 1e-5 (examples/peer/README.md): signature, scored, hazard_ratios, risks, calibration and
# abstract; univariate 1e-5 for its exponents. A coefficient of the signature is compared times `spread`, the standard
# deviation of its term, with the largest such product. All others agree to 1e-9.
set -e
here=$(cd "$(dirname "$0")" && pwd)
peer=$here/../../../examples/peer
"$1" demo "$3/cohort" --patients 80 --external 32 --seed 1
"$2" "$peer/features.py" "$3/cohort" "$3/peer"
"$2" "$peer/split.py" "$3/cohort" "$3/peer"
Rscript "$peer/study.R" "$3/cohort" "$3/peer"
for table in split lesions univariate candidates signature scored baseline hazard_ratios medians log_rank_tests survival_at \
    concordances concordance_differences areas area_differences risks calibration abstract; do
    cp "$3/peer/$table.csv" "$here/crlm_$table.csv"
done
