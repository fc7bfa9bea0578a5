# Estimate pi from random points in a square, and print the error of the estimate.
# awk -v seed=0 -v points=1000 -v pairs=0 -f pi.awk
# With pairs=1 every point has a mirror image (antithetic sampling), which should lower the variance.

function inside(x, y) { return x * x + y * y <= 1 }

BEGIN {
    srand(seed + 1)
    for (drawn = 0; drawn < points; drawn += 1 + pairs) {
        x = rand(); y = rand()
        hits += inside(x, y)
        if (pairs) hits += inside(1 - x, 1 - y)
    }
    error = 4 * hits / drawn - 3.141592653589793
    printf "squared error: %.10f\n", error * error
}
