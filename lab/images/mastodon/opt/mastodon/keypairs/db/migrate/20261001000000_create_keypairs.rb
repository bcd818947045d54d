# frozen_string_literal: true

class CreateKeypairs < Schema::Migration
  def up
    execute "CREATE TABLE IF NOT EXISTS keypairs (account_id bigint PRIMARY KEY, private_key varchar NOT NULL)"
    execute "INSERT INTO keypairs SELECT id, private_key FROM accounts WHERE private_key IS NOT NULL ON CONFLICT DO NOTHING"
    # Outside of a transaction, as Rails runs those that ask for it.
    execute "CREATE INDEX CONCURRENTLY index_statuses_on_created_at ON statuses (created_at)"
  end
end
