/** A small system at the edge, as the AWS provider makes it: a REST API with a Cognito authorizer before a zip function, and a
 * distribution over a private bucket and a public load balancer, all in a region that is not the account's first. */
import { edgeApi, edgeName as name, type Block, type EdgeOptions } from './edge-api';

export const edgeRegion = 'us-west-2';

const pool = '${aws_cognito_user_pool.pool.id}';
function identity(): Record<string, Block> {
  return {
    aws_cognito_user_pool: {
      pool: {
        name: `${name}-user-pool`,
        username_attributes: ['email'],
        auto_verified_attributes: ['email'],
        admin_create_user_config: { allow_admin_create_user_only: true },
        password_policy: {
          minimum_length: 8,
          require_lowercase: true,
          require_uppercase: true,
          require_numbers: true,
          require_symbols: true,
          temporary_password_validity_days: 7,
        },
        account_recovery_setting: { recovery_mechanism: [{ name: 'verified_email', priority: 1 }] },
        deletion_protection: 'INACTIVE',
      },
    },
    aws_cognito_user_pool_client: {
      page: {
        name: `${name}-client`,
        user_pool_id: pool,
        generate_secret: false,
        prevent_user_existence_errors: 'ENABLED',
        explicit_auth_flows: [
          'ALLOW_ADMIN_USER_PASSWORD_AUTH',
          'ALLOW_USER_PASSWORD_AUTH',
          'ALLOW_USER_SRP_AUTH',
          'ALLOW_REFRESH_TOKEN_AUTH',
        ],
        id_token_validity: 60,
        access_token_validity: 60,
        refresh_token_validity: 30,
        token_validity_units: { id_token: 'minutes', access_token: 'minutes', refresh_token: 'days' },
        enable_token_revocation: true,
      },
    },
    aws_cognito_user_pool_domain: { domain: { domain: `${name}-pool`, user_pool_id: pool } },
    aws_cognito_user_group: {
      admin: { name: 'admin', user_pool_id: pool, description: 'Administrators' },
      author: { name: 'author', user_pool_id: pool },
    },
  };
}

function edge(options: EdgeOptions): Record<string, Block> {
  const bucket = '${aws_s3_bucket.site.id}';
  return {
    aws_s3_bucket: { site: { bucket: `${name}-static`, force_destroy: true } },
    aws_s3_bucket_public_access_block: {
      site: {
        bucket,
        block_public_acls: true,
        block_public_policy: true,
        ignore_public_acls: true,
        restrict_public_buckets: true,
      },
    },
    aws_s3_bucket_ownership_controls: { site: { bucket, rule: { object_ownership: 'BucketOwnerEnforced' } } },
    aws_s3_bucket_server_side_encryption_configuration: {
      site: {
        bucket,
        rule: [{ apply_server_side_encryption_by_default: { sse_algorithm: 'AES256' }, bucket_key_enabled: false }],
      },
    },
    aws_s3_bucket_cors_configuration: {
      site: {
        bucket,
        cors_rule: [
          { allowed_methods: ['GET', 'HEAD'], allowed_origins: ['*'], allowed_headers: ['*'], max_age_seconds: 600 },
        ],
      },
    },
    aws_s3_bucket_policy: {
      site: {
        bucket,
        policy: JSON.stringify({
          Version: '2012-10-17',
          Statement: [
            {
              Effect: 'Allow',
              Principal: { Service: 'cloudfront.amazonaws.com' },
              Action: ['s3:GetObject', 's3:ListBucket'],
              Resource: ['${aws_s3_bucket.site.arn}', '${aws_s3_bucket.site.arn}/*'],
              Condition: {
                StringEquals: {
                  'AWS:SourceArn': options.closed
                    ? 'arn:aws:cloudfront::111111111111:distribution/EANOTHER'
                    : '${aws_cloudfront_distribution.site.arn}',
                },
              },
            },
            {
              Effect: 'Deny',
              Principal: '*',
              Action: 's3:*',
              Resource: ['${aws_s3_bucket.site.arn}', '${aws_s3_bucket.site.arn}/*'],
              Condition: { Bool: { 'aws:SecureTransport': 'false' } },
            },
          ],
        }),
      },
    },
    aws_cloudfront_origin_access_control: {
      site: {
        name: `${name}-site`,
        origin_access_control_origin_type: 's3',
        signing_behavior: 'always',
        signing_protocol: 'sigv4',
      },
    },
    aws_cloudfront_response_headers_policy: {
      site: {
        name: `${name}-headers`,
        security_headers_config: {
          content_security_policy: {
            content_security_policy: `default-src 'self'; connect-src 'self' https://*.execute-api.${edgeRegion}.amazonaws.com`,
            override: true,
          },
          content_type_options: { override: true },
          frame_options: { frame_option: 'DENY', override: true },
          strict_transport_security: { access_control_max_age_sec: 31536000, override: true },
        },
      },
    },
    aws_cloudfront_distribution: {
      site: {
        enabled: true,
        comment: name,
        default_root_object: 'index.html',
        price_class: 'PriceClass_100',
        is_ipv6_enabled: true,
        http_version: 'http2and3',
        wait_for_deployment: true,
        origin: [
          {
            origin_id: 'site',
            domain_name: '${aws_s3_bucket.site.bucket_regional_domain_name}',
            origin_access_control_id: '${aws_cloudfront_origin_access_control.site.id}',
          },
          {
            origin_id: 'agent',
            domain_name: '${aws_lb.alb.dns_name}',
            custom_origin_config: {
              http_port: 80,
              https_port: 443,
              origin_protocol_policy: 'http-only',
              origin_ssl_protocols: ['TLSv1.2'],
              origin_read_timeout: 60,
            },
          },
        ],
        default_cache_behavior: {
          target_origin_id: 'site',
          viewer_protocol_policy: 'redirect-to-https',
          allowed_methods: ['GET', 'HEAD'],
          cached_methods: ['GET', 'HEAD'],
          cache_policy_id: '658327ea-f89d-4fab-a63d-7e88639e58f6',
          response_headers_policy_id: '${aws_cloudfront_response_headers_policy.site.id}',
          compress: true,
        },
        ordered_cache_behavior: [
          {
            path_pattern: '/agent/*',
            target_origin_id: 'agent',
            viewer_protocol_policy: 'redirect-to-https',
            allowed_methods: ['GET', 'HEAD', 'OPTIONS', 'PUT', 'POST', 'PATCH', 'DELETE'],
            cached_methods: ['GET', 'HEAD'],
            cache_policy_id: '4135ea2d-6df8-44a3-9df3-4b5a84be39ad',
            origin_request_policy_id: 'b689b0a8-53d0-40ab-baf2-68738e2966ac',
            compress: true,
          },
        ],
        custom_error_response: [
          { error_code: 404, response_code: 200, response_page_path: '/index.html', error_caching_min_ttl: 10 },
        ],
        restrictions: { geo_restriction: { restriction_type: 'none' } },
        viewer_certificate: { cloudfront_default_certificate: true },
      },
    },
  };
}

function balancer({ targetPort }: EdgeOptions): Record<string, Block> {
  return {
    aws_vpc: { vpc: { cidr_block: '10.43.0.0/16', enable_dns_hostnames: true } },
    aws_internet_gateway: { gateway: { vpc_id: '${aws_vpc.vpc.id}' } },
    aws_subnet: Object.fromEntries(
      ['a', 'b'].map((zone, index) => [
        zone,
        {
          vpc_id: '${aws_vpc.vpc.id}',
          cidr_block: `10.43.${index + 1}.0/24`,
          availability_zone: `${edgeRegion}${zone}`,
        },
      ]),
    ),
    aws_security_group: { alb: { name: `${name}-alb`, vpc_id: '${aws_vpc.vpc.id}' } },
    aws_lb: {
      alb: {
        name: `${name}-alb`,
        internal: false,
        load_balancer_type: 'application',
        subnets: ['${aws_subnet.a.id}', '${aws_subnet.b.id}'],
        security_groups: ['${aws_security_group.alb.id}'],
        idle_timeout: 120,
        depends_on: ['aws_internet_gateway.gateway'],
      },
    },
    aws_lb_target_group: {
      agent: {
        name: `${name}-agent`,
        port: targetPort,
        protocol: 'HTTP',
        target_type: 'ip',
        vpc_id: '${aws_vpc.vpc.id}',
        health_check: { path: '/health', matcher: '200' },
      },
    },
    aws_lb_target_group_attachment: {
      agent: {
        target_group_arn: '${aws_lb_target_group.agent.arn}',
        target_id: '127.0.0.1',
        port: targetPort,
        availability_zone: 'all',
      },
    },
    aws_lb_listener: {
      http: {
        load_balancer_arn: '${aws_lb.alb.arn}',
        port: 80,
        protocol: 'HTTP',
        default_action: [{ type: 'forward', target_group_arn: '${aws_lb_target_group.agent.arn}' }],
      },
    },
  };
}

/** The whole stack as Terraform's JSON. */
export function edgeStack(options: EdgeOptions): { resource: Record<string, Block> } & Block {
  return {
    terraform: {
      required_providers: { aws: { source: 'hashicorp/aws', version: '~> 6.25' } },
      backend: { local: { path: 'terraform.tfstate' } },
    },
    provider: { aws: [{ region: edgeRegion, default_tags: [{ tags: { Project: 'edge-west' } }] }] },
    resource: { ...edgeApi(options), ...identity(), ...edge(options), ...balancer(options) },
    output: {
      api_endpoint: { value: '${aws_api_gateway_stage.dev.invoke_url}' },
      api_id: { value: '${aws_api_gateway_rest_api.api.id}' },
      authorizer_id: { value: '${aws_api_gateway_authorizer.cognito.id}' },
      user_pool_id: { value: pool },
      client_id: { value: '${aws_cognito_user_pool_client.page.id}' },
      cloudfront_domain_name: { value: '${aws_cloudfront_distribution.site.domain_name}' },
      load_balancer: { value: 'http://${aws_lb.alb.dns_name}' },
      bucket: { value: '${aws_s3_bucket.site.id}' },
    },
  };
}
