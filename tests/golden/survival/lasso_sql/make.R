# Prints the values in tests/slt/survival/cox_lasso.slt: Rscript make.R > values.txt (R 4.2.2, glmnet 4.1-6).
suppressMessages({library(glmnet);library(survival)})
i <- 1:60; time <- (i*37) %% 101 + 1; event <- as.integer(i %% 3 > 0); a <- (i*7) %% 11; b <- (i*5) %% 13; c <- (i*i) %% 17
x <- cbind(a,b,c); y <- Surv(time,event); foldid <- i %% 5 + 1
stopifnot(!anyDuplicated(time))
op <- function(v) sprintf("%.10g", v)
f <- cv.glmnet(x,y,family="cox",foldid=foldid,thresh=1e-14,grouped=TRUE)
cat("len",length(f$lambda),"min",op(f$lambda.min),"1se",op(f$lambda.1se),"cvm",op(min(f$cvm)),op(f$cvsd[which.min(f$cvm)]),"\n")
print(as.matrix(coef(f,s="lambda.min")),digits=10); print(as.matrix(coef(f,s="lambda.1se")),digits=10)
cat(op(f$lambda[1:3]),op(f$cvm[1:3]),op(f$cvsd[1:3]),f$nzero[1:3],"\n")
g <- glmnet(x,y,family="cox",lambda=c(0.1,0.05,0.02),thresh=1e-14); print(as.matrix(coef(g)),digits=10); cat(op(g$dev.ratio),g$df,"\n")
g <- glmnet(x,y,family="cox",lambda=c(0.1,0.05,0.02),alpha=0.5,standardize=FALSE,thresh=1e-14); print(as.matrix(coef(g)),digits=10)
w <- i %% 2 + 1
g <- glmnet(x,y,family="cox",lambda=0.05,weights=w,thresh=1e-14); print(as.matrix(coef(g)),digits=10)
