package portal

import (
	"bytes"
	"net/http"
	"strconv"

	"tollhouse/portal/access"
	"tollhouse/portal/document/csv"
	"tollhouse/portal/format"
	"tollhouse/tenant/request"
)

// activityFile is the address of the log as a file.
const activityFile = "/portal/activity.csv"

// MostInFile is how many entries one file holds: as many as a person reads, and not so many that a page's reader waits for one. Days in the form
// lead to older ones.
const MostInFile = 5000

// downloadActivity answers with all that the list shows as a file, and notes who took it along. A form that cannot be taken leads back to the page
// that says so. A HEAD takes nothing; a GET that says it comes before its time has the file all the same, so it is noted.
func (s *Server) downloadActivity(w http.ResponseWriter, r *http.Request, session access.Session) error {
	page := activityPage{view: s.view(r)}
	page.trailForm = readTrailForm(r.URL.Query(), page.tenant.TimeZone)
	if page.query.After = ""; page.wrong != "" {
		seeOther(w, page.address(""))
		return nil
	}
	page.query.Limit = MostInFile
	data, err := s.pages.TrailFile(r.Context(), session, page.query, taker(r))
	if err != nil {
		return err
	}
	page.signedIn(atActivity, data.Member)
	page.data = data
	var file bytes.Buffer
	if err := page.write(csv.NewWriter(&file)); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="activity-`+page.today.String()+`.csv"`)
	w.Header().Set("Content-Length", strconv.Itoa(file.Len()))
	w.WriteHeader(http.StatusOK)
	if _, err := w.Write(file.Bytes()); err != nil {
		s.log.Debug("a reader hung up during a file", "request", request.From(r.Context()).ID)
	}
	return nil
}

// taker is who takes a file along, nil for a HEAD, and for a preview: what the tenant's own people look at is noted under their own name.
func taker(r *http.Request) *access.Visitor {
	if r.Method == http.MethodHead || previewOf(r) != nil {
		return nil
	}
	v := visitor(r)
	return &v
}

// mostInFile says how much a file holds.
func (p activityPage) mostInFile() string {
	return fill(p.words.Trail.DownloadNote, "{n}", format.Decimal(MostInFile, 0, p.locale()))
}

// write writes the log: what a program sorts by as values, what a person reads in the reader's words.
func (p activityPage) write(w *csv.Writer) error {
	t := &p.words.Trail
	w.Row(csv.Text(t.ColumnTime), csv.Text(t.ColumnKind), csv.Text(t.What), csv.Text(t.Who), csv.Text(p.words.Document), csv.Text(t.ColumnAddress))
	for _, e := range p.data.Entries {
		said := fill(e.says(t), "{who}", e.Who, "{tenant}", p.brandName())
		w.Row(csv.Time(e.At), csv.Text(e.Kind), csv.Text(said), csv.Text(e.Who), csv.Text(e.Number), csv.Text(e.IP))
	}
	return w.Flush()
}
