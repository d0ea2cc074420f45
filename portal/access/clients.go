package access

// CompanyQuery asks for one page of a tenant's companies, newest first.
type CompanyQuery struct {
	Reference string // the tenant's own number; "" for all
	After     string // id of the last company already seen; "" for the first page
	Limit     int
}

// ContactQuery asks for one page of a tenant's contacts, newest first. Empty filters match all.
type ContactQuery struct {
	CompanyID string
	Email     string // in any case
	Status    string
	After     string
	Limit     int
}

// SessionQuery asks for one page of a tenant's portal sessions, newest first. Empty filters match all.
type SessionQuery struct {
	CompanyID string
	ContactID string
	After     string
	Limit     int
}
