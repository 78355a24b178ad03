/**
 * Keeps the gate from closing on a live environment, inside Terraform itself, so that plain `cdktf deploy` and plain
 * `tofu apply` refuse as the commands do. Phase 2 leaves a marker, before anything else of it exists; a phase 1 that
 * finds the marker fails its plan and names what it would have destroyed. `destroy` is not held up.
 */
import { DataAwsSsmParametersByPath } from '@cdktf/provider-aws/lib/data-aws-ssm-parameters-by-path';
import { SsmParameter } from '@cdktf/provider-aws/lib/ssm-parameter';
import { Construct } from 'constructs';
import { skipChecks } from '../modules/checks/skip';

export interface PhaseGuardProps {
  readonly system: string;
  readonly environment: string;
}

const folder = ({ system, environment }: PhaseGuardProps): string => `/sluice/${system}/${environment}`;
const markerName = (props: PhaseGuardProps): string => `${folder(props)}/phase`;

/** Phase 2: the sign that compute is there. Created first and destroyed last. */
export class PhaseMarker extends Construct {
  readonly resource: SsmParameter;

  constructor(scope: Construct, id: string, props: PhaseGuardProps) {
    super(scope, id);
    this.resource = new SsmParameter(this, 'Resource', {
      name: markerName(props),
      description: `${props.system}-${props.environment} has its compute; phase 1 alone would destroy it`,
      type: 'String',
      insecureValue: '2',
    });
    skipChecks(this.resource, ['CKV2_AWS_34'], {
      reason: 'holds the number 2 and no secret; read without a key by every plan',
      owner: 'platform',
    });
  }
}

export interface ClosedGateProps extends PhaseGuardProps {
  /** Services without a digest. */
  readonly waitingFor: readonly string[];
  /** Addresses of phase 2. */
  readonly addresses: readonly string[];
}

/** Phase 1: reads whether the marker is there, in every plan. A data source, so phase 2 has nothing to remove. */
export class ClosedGate extends Construct {
  constructor(scope: Construct, id: string, props: ClosedGateProps) {
    super(scope, id);
    const { system, environment } = props;
    new DataAwsSsmParametersByPath(this, 'Marker', {
      path: folder(props),
      recursive: false,
      withDecryption: false,
      lifecycle: {
        postcondition: [
          {
            condition: `\${!contains(self.names, "${markerName(props)}")}`,
            errorMessage: [
              `The gate of ${system}-${environment} would close on a live environment: no ready image for ${props.waitingFor.join(', ')}.`,
              `These ${props.addresses.length} resources would be destroyed:`,
              ...props.addresses.map((address) => `  - ${address}`),
              'Nothing was changed. Bring the lock of images back (./sluice images status ' +
                `${system} ${environment}), or take the environment away: ./sluice destroy ${system} ${environment}`,
            ].join('\n'),
          },
        ],
      },
    });
  }
}
