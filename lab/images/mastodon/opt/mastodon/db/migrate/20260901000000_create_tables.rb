# frozen_string_literal: true

class CreateTables < Schema::Migration
  def up = Schema::TABLES.each { |statement| execute(statement) }
end
