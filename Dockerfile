FROM node:24-slim
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --omit=optional
COPY config config
COPY src src
COPY interactions interactions
COPY adapters adapters
ENV HOST=0.0.0.0 DATA_DIR=/data
RUN mkdir /data && chown node /data
USER node
EXPOSE 3000
CMD ["node", "src/main.ts"]
