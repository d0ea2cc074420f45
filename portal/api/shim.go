package api

// EncodedLogo is a checked and re-encoded logo.
type EncodedLogo struct {
	Bytes         []byte
	ContentType   string
	Width, Height int
	Hash          string
}

// LogoError says why an image is not taken as a logo.
type LogoError struct{ Code, Reason string }

func (e *LogoError) Error() string { return e.Reason }
