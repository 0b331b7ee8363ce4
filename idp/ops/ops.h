/* Looking after a running provider: health, metrics, upkeep. */
#ifndef KONSAO_OPS_OPS_H
#define KONSAO_OPS_OPS_H

#include "provider.h"

/** GET /health: 200 when the store answers, else 503; says as well whether the register does, which is not ours to fail
 * for. */
http_handler health_handle;
/** GET /metrics, Prometheus text format. Answered to loopback only: how busy a provider is is nobody else's business.
 */
http_handler metrics_handle;

struct upkeep;
/** A thread that, every second, takes up a rotated key ring and sweeps expired records. */
struct upkeep *upkeep_start(struct provider *provider);
void upkeep_stop(struct upkeep *upkeep);

#endif
