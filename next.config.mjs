/** @type {import('next').NextConfig} */
export default {
  distDir: process.env.NEXT_DIST_DIR ?? '.next',
  poweredByHeader: false,
  // `npm test` checks the types; a person who starts the product does not wait for it.
  typescript: { ignoreBuildErrors: true },
  reactStrictMode: true,
  allowedDevOrigins: ['127.0.0.1', 'localhost'],
  serverExternalPackages: [
    '@electric-sql/pglite',
    '@electric-sql/pglite-pgvector',
    'pglite-prisma-adapter',
    '@prisma/adapter-pg',
    '@prisma/client',
    '@prisma/schema-engine-wasm',
    '@prisma/driver-adapter-utils',
    'pg',
    'pg-boss',
    'onnxruntime-node',
    '@huggingface/tokenizers',
    'web-tree-sitter',
    'tree-sitter-wasms',
    'pino',
    'nodemailer',
    'yazl',
  ],
  experimental: { optimizePackageImports: ['lucide-react', 'radix-ui'] },
};
