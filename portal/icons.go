package portal

// The drawn marks. All are 20 units square with a stroke of 1.5 units in the colour of the text beside them, and silent: the word says it.
const (
	iconStart = `<svg class="icon" viewBox="0 0 20 20" width="16" height="16" aria-hidden="true" focusable="false">`

	iconDue        drawn = iconStart + `<circle cx="10" cy="10" r="7.25"/><path d="M10 6v4.25l2.75 1.75"/></svg>`
	iconOverdue    drawn = iconStart + `<path d="M10 3 18 16.5H2z"/><path d="M10 8v4M10 14.2v.1"/></svg>`
	iconProcessing drawn = iconStart + `<path d="M3 8.5h13L12.5 5M17 11.5H4L7.5 15"/></svg>`
	iconPaid       drawn = iconStart + `<circle cx="10" cy="10" r="7.25"/><path d="m6.75 10.25 2.25 2.25 4.25-4.75"/></svg>`
	iconVoid       drawn = iconStart + `<circle cx="10" cy="10" r="7.25"/><path d="m5 15 10-10"/></svg>`
	iconBack       drawn = iconStart + `<path class="turns" d="M16 10H4.5M9 5.25 4.25 10 9 14.75"/></svg>`
	iconNext       drawn = iconStart + `<path class="turns" d="M4 10h11.5M11 5.25 15.75 10 11 14.75"/></svg>`
)
