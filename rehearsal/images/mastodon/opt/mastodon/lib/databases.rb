# frozen_string_literal: true

require "connection_pool"
require "pg"
require "redis-client"
require_relative "environment"

# Postgres and Redis as the environment names them.
module Databases
  # A connection for each thread, as config/database.yml has it; made again when it was lost.
  def self.postgres(threads: 5)
    @postgres ||= ConnectionPool.new(size: threads) do
      PG.connect(host: ENV["DB_HOST"], port: ENV["DB_PORT"], dbname: ENV["DB_NAME"], user: ENV["DB_USER"],
                 password: ENV["DB_PASS"], connect_timeout: 5)
    end
  end

  # Rows of a statement. The one try again is for a connection that the server closed meanwhile.
  def self.query(sql, parameters = [])
    tried = false
    begin
      postgres.with do |connection|
        connection.exec_params(sql, parameters).to_a
      rescue PG::ConnectionBad, PG::UnableToSend
        raise if tried

        tried = true
        connection.reset
        retry
      end
    end
  end

  def self.redis_options
    { host: ENV["REDIS_HOST"], port: Integer(ENV["REDIS_PORT"]), password: ENV["REDIS_PASSWORD"] }
  end

  def self.cache
    @cache ||= RedisClient.config(host: ENV["CACHE_REDIS_HOST"], port: Integer(ENV["CACHE_REDIS_PORT"]),
                                  password: ENV["CACHE_REDIS_PASSWORD"]).new_pool(size: 5)
  end
end
