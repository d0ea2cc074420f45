package main

import (
	"context"
	"strings"
	"time"

	"tollhouse/portal/access"
	"tollhouse/portal/access/accessredis"
	"tollhouse/tenant"
	"tollhouse/tenant/tenantdb"
)

// tenants answers from memory, and from the record for a tenant that the Directory has not heard of yet.
type tenants struct {
	directory *tenant.Directory
	store     *tenantdb.Store
}

func (t tenants) Tenant(ctx context.Context, id tenant.ID) (*tenant.Tenant, error) {
	if known, ok := t.directory.Tenant(id); ok {
		return known, nil
	}
	return t.store.Tenant(ctx, id)
}

// apiLimits counts calls of the API in the same buckets as the portal's.
type apiLimits struct {
	cache   *accessredis.Cache
	key     int // calls a minute of one key
	refused int // refused calls a minute from one network
}

func (l apiLimits) Allow(ctx context.Context, bucket string) (time.Duration, error) {
	burst := l.key
	if strings.HasPrefix(bucket, "unauthorized:") {
		burst = l.refused
	}
	if l.cache.Allow(ctx, access.Check{Group: "api", Key: bucket, Burst: burst, Per: time.Minute}) {
		return 0, nil
	}
	return time.Minute / time.Duration(burst), nil
}
