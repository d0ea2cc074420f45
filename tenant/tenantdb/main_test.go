package tenantdb_test

import (
	"testing"

	"go.uber.org/goleak"
)

// The private cluster lives as long as the test binary, and so does the goroutine that waits for it.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("tollhouse/deploy/services.start.func1"))
}
