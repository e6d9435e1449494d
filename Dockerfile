# What compiles is left behind: the image holds dist/, the packages that it imports and the dependencies that run.
FROM node:24-slim AS manifests
WORKDIR /app
COPY package.json package-lock.json ./
COPY packages ./packages

FROM manifests AS build
RUN npm ci
COPY nest-cli.json tsconfig*.json ./
COPY scripts ./scripts
COPY src ./src
RUN npm run build

FROM manifests AS dependencies
# The workspaces that the server and its command line use. No production dependency needs its install script.
RUN npm ci --omit=dev --ignore-scripts --workspace @flagwire/protocol --workspace @flagwire/client --workspace @flagwire/cli --include-workspace-root

FROM node:24-slim
ENV NODE_ENV=production
WORKDIR /app
# The default database, sqlite:./data/flagwire.db, lives on this volume.
RUN mkdir data && chown 1000:1000 data
VOLUME /app/data
COPY LICENSE NOTICE package.json ./
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=build /app/packages/protocol/package.json ./packages/protocol/
COPY --from=build /app/packages/protocol/dist ./packages/protocol/dist
COPY --from=build /app/packages/client/package.json ./packages/client/
COPY --from=build /app/packages/client/dist ./packages/client/dist
COPY --from=dependencies /app/packages/cli/node_modules ./packages/cli/node_modules
COPY --from=build /app/packages/cli/package.json ./packages/cli/
COPY --from=build /app/packages/cli/dist ./packages/cli/dist
COPY --from=build /app/dist ./dist
# The image's user `node`, by its number: so that a cluster can see that it is not root.
USER 1000:1000
# The second is for flagd's gRPC sync: nobody listens there unless GRPC_PORT=8015 says so.
EXPOSE 3000 8015
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT || 3000}/health/live`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# Node is process 1 here: no npm in between that would keep SIGTERM to itself.
CMD ["node", "dist/main.js"]
