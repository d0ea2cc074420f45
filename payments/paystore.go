package payments

// PayStore keeps what a Service decides. Implemented by paymentsdb.
type PayStore interface{}
