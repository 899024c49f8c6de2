package store

// States of workers.webhook_endpoints.
//
//	healthy → failing → disabled    failures in a row; then days of them, or a 410
//	failing → healthy               a success
//	disabled → healthy              somebody enables it
const (
	EndpointHealthy  = "healthy"
	EndpointFailing  = "failing"
	EndpointDisabled = "disabled"
)

// EndpointStates lists them, for metrics.
func EndpointStates() []string { return []string{EndpointHealthy, EndpointFailing, EndpointDisabled} }

// Why an endpoint is disabled.
const (
	DisabledGone     = "gone"     // it answered 410
	DisabledFailing  = "failing"  // for days
	DisabledOperator = "operator" // by hand
)

// What an owner is told of.
const (
	IncidentFailing  = "failing"
	IncidentDisabled = "disabled"
)

// What made a try begin.
const (
	TriggerAutomatic = "automatic"
	TriggerManual    = "manual"
	TriggerSample    = "sample"
)

// CauseDelivered is the cause of an attempt that needs none.
const CauseDelivered = "delivered"
