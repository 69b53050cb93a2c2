"""Executions of `transcode` as vCPUs allow."""

from sluice import config
from sluice.adapters.clock import now
from sluice.bootstrap.deployable import records
from sluice.domain.leases import VcpuLimits
from sluice.service.vcpu_admission import Admission

Starting = (
    config.ApiAssetsSettings | config.OnObjectCreatedSettings | config.ReconcileSettings | config.StartWaitingSettings
)


def admission(settings: Starting) -> Admission:
    from sluice.adapters.executions import StepFunctionsExecutions, states_client

    return Admission(
        executions=StepFunctionsExecutions(states_client(), settings.state_machine_arn),
        records=records(settings),
        limits=VcpuLimits(settings.max_vcpus, settings.max_tenant_vcpus),
        now=now,
    )
